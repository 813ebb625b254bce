"""What the weather of a day was like: a file a day, also of days that were there before the pipeline."""

from sluice import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="weather-of-a-day",
    triggers=[S3Upload(prefix="weather-by-day/", suffix=".csv")],
    steps=[Job("day", run="day", memory=512)],
)
