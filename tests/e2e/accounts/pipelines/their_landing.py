"""A run for each file of a bucket of another account."""

from sluice import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="their-landing",
    triggers=[
        S3Upload(
            bucket="their-landing",
            account="111122223333",
            prefix="sales/",
            suffix=".csv",
            kms_key="arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        )
    ],
    steps=[Job("read", run="read", memory=512)],
)
