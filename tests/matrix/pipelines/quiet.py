"""Files are gathered until none came for so long."""

from sluice.pipeline.definition import Array, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="quiet",
    triggers=[S3Upload(prefix="quiet/", suffix=".txt", group_after="45s")],
    steps=[
        Plan("files"),
        Array("size", run="tests.matrix.steps:sizes", items_of="files"),
        Job("sum", run="tests.matrix.steps:sums_sizes", after=["size"]),
    ],
)
