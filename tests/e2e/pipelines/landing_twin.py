"""Another pipeline that the same files of the same bucket start."""

from sluice import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="landing-twin",
    triggers=[S3Upload(bucket="team-landing", prefix="sales/")],
    steps=[Job("name", image="busybox", command=["echo", "{input}"])],
)
