"""One run at a time; the others wait for their turn."""

from sluice.pipeline.definition import Array, Manual, Pipeline

pipeline = Pipeline(
    name="queued",
    triggers=[Manual()],
    max_concurrent_runs=1,
    steps=[Array("square", run="tests.matrix.steps:squares", size=2)],
)
