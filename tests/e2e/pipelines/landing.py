"""A run for each file of a bucket that is not Sluice's."""

from sluice import Job, Manual, Pipeline, S3Upload

pipeline = Pipeline(
    name="landing",
    triggers=[S3Upload(bucket="team-landing", prefix="sales/", suffix=".csv"), Manual()],
    steps=[Job("read", run="read", memory=512)],
)
