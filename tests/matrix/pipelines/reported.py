"""A run for each file, also for those of which no event came: a report of S3 Inventory names them."""

from sluice.pipeline.definition import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="reported",
    triggers=[
        S3Upload(
            prefix="reported/", suffix=".txt", reconcile="7d", inventory="s3://reports/all/landing/daily/"
        )
    ],
    steps=[Job("read", image="busybox", command=["true"])],
)
