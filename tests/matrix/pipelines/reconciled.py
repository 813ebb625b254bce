"""A run for each file, also for those of which no event came: a job finds them."""

from sluice.pipeline.definition import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="reconciled",
    triggers=[S3Upload(prefix="reconciled/", suffix=".txt", reconcile="7d")],
    steps=[Job("read", image="busybox", command=["true"])],
)
