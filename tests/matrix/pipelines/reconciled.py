"""A run for each file, also for those of which no event came: a job finds them, by a report where there is
one.
"""

from sluice.pipeline.definition import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="reconciled",
    triggers=[
        S3Upload(
            prefix="reconciled/", suffix=".txt", reconcile="7d", inventory="s3://reports/all/landing/daily/"
        )
    ],
    steps=[Job("read", image="busybox", command=["true"])],
)
