"""Counts the words of every text that is uploaded: the smallest pipeline."""

from sluice import Array, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="word-count",
    triggers=[S3Upload(prefix="word-count/", suffix=".txt")],
    steps=[
        Plan("split", run="split"),  # finds the items
        Array("count", run="count", items_of="split"),  # a child for each slice
        Array("rank", run="rank", each="count"),  # N_TO_N: child i after child i
        Job("merge", run="merge", after=["rank"]),  # fan-in
    ],
)
