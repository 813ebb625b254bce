"""Three times of a schedule were before its deploy, and one is far in the future."""

from sluice.pipeline.definition import Job, Pipeline, Schedule

pipeline = Pipeline(
    name="missed",
    triggers=[Schedule("cron(0 2 1 1 ? 2024-2026,2199)", start="2024-01-01", catch_up=True)],
    steps=[Job("work", run="tests.matrix.steps:publishes_its_time")],
)
