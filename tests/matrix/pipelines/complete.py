"""A set of three files is one run."""

from sluice.pipeline.definition import Array, FileSet, Job, Pipeline, Plan

pipeline = Pipeline(
    name="complete",
    triggers=[FileSet("complete/{set}/{part:01}.txt", expect=["0", "1", "2"])],
    steps=[
        Plan("files"),
        Array("size", run="tests.matrix.steps:sizes", items_of="files"),
        Job("sum", run="tests.matrix.steps:sums_sizes", after=["size"]),
    ],
)
