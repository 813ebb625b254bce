"""One of the two that ``joined`` comes after."""

from sluice.pipeline.definition import Job, Manual, Pipeline

pipeline = Pipeline(
    name="left", triggers=[Manual()], steps=[Job("value", run="tests.matrix.steps:publishes_its_name")]
)
