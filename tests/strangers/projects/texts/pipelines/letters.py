"""Finds the longest words of many letters at once."""

from sluice import Array, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="letters",
    triggers=[S3Upload(prefix="letters/", suffix=".txt", group_of=20, group_within="30s")],
    steps=[
        Plan("files"),  # each file is an item
        Array("longest", run="longest", items_of="files", items_per_child=5),
        Job("index", run="index", after=["longest"]),
    ],
)
