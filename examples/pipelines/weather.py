"""What the weather was like: a CSV of hours in, rain and visibility by month out."""

from sluice import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="weather",
    triggers=[S3Upload(prefix="weather/", suffix=".csv")],
    steps=[Job("months", run="months", memory=512)],
)
