"""A set of three files is one run; so is a group, when none came for so long."""

from sluice.pipeline.definition import Array, FileSet, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="complete",
    triggers=[
        FileSet("complete/{set}/{part:01}.txt", expect=["0", "1", "2"]),
        S3Upload(prefix="quiet/", suffix=".txt", group_after="45s"),
    ],
    steps=[
        Plan("files"),
        Array("size", run="tests.matrix.steps:sizes", items_of="files"),
        Job("sum", run="tests.matrix.steps:sums_sizes", after=["size"]),
    ],
)
