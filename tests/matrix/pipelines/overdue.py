"""A set that stays without one of its files runs without it; the file comes then, which is told."""

from sluice.pipeline.definition import Array, FileSet, Job, Pipeline, Plan

pipeline = Pipeline(
    name="overdue",
    triggers=[
        FileSet("overdue/{set}/{part:01}.txt", expect=["0", "1"], late="10m", then="run", later_files="alert")
    ],
    steps=[
        Plan("files"),
        Array("size", run="tests.matrix.steps:sizes", items_of="files"),
        Job("sum", run="tests.matrix.steps:sums_what_came", after=["size"]),
    ],
)
