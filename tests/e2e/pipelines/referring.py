"""Steps that use what is not their run's: the team's reference data, read by all of them, and a folder that
one alone may write.
"""

from sluice import INPUT, Job, Manual, Pipeline, read, write

CALL = """
import json, sys, botocore.session
s3 = botocore.session.get_session().create_client("s3")
step, given = sys.argv[1], json.loads(sys.argv[2])
for key in given.get(step, {}).get("reads", []):
    print(key, s3.get_object(Bucket="team-reference", Key=key)["Body"].read().decode())
for key in given.get(step, {}).get("writes", []):
    s3.put_object(Bucket="team-reference", Key=key, Body=step.encode())
    print(key, "written")
for prefix in given.get(step, {}).get("lists", []):
    found = s3.list_objects_v2(Bucket="team-reference", Prefix=prefix)
    print(prefix, [one["Key"] for one in found.get("Contents", [])])
"""
PYTHON = "python:3.13-slim"

pipeline = Pipeline(
    name="referring",
    triggers=[Manual()],
    permissions=[read("s3://team-reference/rates/*")],
    steps=[
        Job("look", image=PYTHON, command=["python", "-c", CALL, "look", INPUT]),
        Job(
            "keep",
            image=PYTHON,
            command=["python", "-c", CALL, "keep", INPUT],
            permissions=[write("s3://team-reference/kept/*")],
            after=["look"],
        ),
    ],
)
