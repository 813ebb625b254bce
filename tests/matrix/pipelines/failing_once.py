"""Some children fail in their first generation, and run again by themselves; what stands behind them child by
child follows.
"""

from sluice.pipeline.definition import Array, Job, Manual, Pipeline, Resubmit

pipeline = Pipeline(
    name="failing-once",
    triggers=[Manual()],
    steps=[
        Array(
            "grade", run="tests.matrix.steps:fails_once", size=6, items_per_child=2, retries=Resubmit(times=1)
        ),
        Array("rank", run="tests.matrix.steps:ranks", each="grade"),
        Job("sum", run="tests.matrix.steps:sums", after=["rank"]),
    ],
)
