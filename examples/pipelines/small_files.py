"""Counts the words of many small texts: those that are uploaded together are one run, with a file an item."""

from sluice import Array, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="small-files",
    triggers=[S3Upload(prefix="small-files/", suffix=".txt", group_within="10s", group_of=10_000)],
    steps=[
        Plan("files"),  # no function: the files are the items
        Array("count", run="count", items_of="files", items_per_child=25, memory=512),
        Job("merge", run="merge", after=["count"], memory=512),
    ],
)
