"""A child fails for good, and the fan-in downstream of its array tolerates it."""

from sluice.pipeline.definition import Array, Job, Manual, Pipeline, finished

pipeline = Pipeline(
    name="bearing",
    triggers=[Manual()],
    steps=[
        Array("attempt", run="tests.matrix.steps:fails", size=4, items_per_child=1),
        Job("sum", run="tests.matrix.steps:sums_what_is_there", after=[finished("attempt", at_least=0.7)]),
    ],
)
