"""A run for each file of a bucket that is not Sluice's, also for those whose events were lost."""

from sluice import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="reconciled",
    triggers=[
        S3Upload(bucket="team-archive", prefix="orders/", suffix=".csv", reconcile="7d"),
        S3Upload(bucket="team-archive", prefix="batches/", group_of=2, reconcile="on-request"),
        S3Upload(
            bucket="landing",
            prefix="bundles/",
            group_of=100,
            reconcile="2d",
            inventory="s3://team-reports/all/landing/daily/",
        ),
    ],
    steps=[Job("read", image="busybox", command=["echo", "{input}"])],
)
