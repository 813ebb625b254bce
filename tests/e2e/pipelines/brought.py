"""Files that come with a request: a command reads them with the permissions of the pipeline's jobs, and says
what they are.
"""

from sluice import INPUT, Job, Manual, Pipeline

READ = """
import json, sys, botocore.session
given = json.loads(sys.argv[1])
s3 = botocore.session.get_session().create_client("s3")
for one in given["uploads"]:
    found = s3.get_object(Bucket=one["bucket"], Key=one["key"], VersionId=one["version_id"])
    print(given["n"], one["key"], found["Body"].read().decode())
"""

pipeline = Pipeline(
    name="brought",
    triggers=[Manual()],
    steps=[Job("read", image="python:3.13-slim", command=["python", "-c", READ, INPUT])],
)
