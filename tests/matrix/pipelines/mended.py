"""A child fails beside an array that does not; a person mends what it was and has the run go on:
`sluice retry`.
"""

from sluice.pipeline.definition import Array, Job, Manual, Pipeline

pipeline = Pipeline(
    name="mended",
    triggers=[Manual()],
    steps=[
        Array("grade", run="tests.matrix.steps:fails_once", size=4, items_per_child=2),
        Array("good", run="tests.matrix.steps:ranks", size=4, items_per_child=2),
        Job("sum", run="tests.matrix.steps:sums_both", after=["grade", "good"]),
    ],
)
