"""A file that is replaced when the run of its set has begun starts another run."""

from sluice.pipeline.definition import Array, FileSet, Job, Pipeline, Plan

pipeline = Pipeline(
    name="later",
    triggers=[FileSet("later/{set}/{part:01}.txt", expect=["0", "1"], later_files="rerun")],
    steps=[
        Plan("files"),
        Array("size", run="tests.matrix.steps:sizes", items_of="files"),
        Job("sum", run="tests.matrix.steps:sums_sizes", after=["size"]),
    ],
)
