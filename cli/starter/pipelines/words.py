"""Counts the words of every text that is uploaded to words/."""

from sluice import Array, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="words",
    triggers=[S3Upload(prefix="words/", suffix=".txt")],
    steps=[
        Plan("split", run="split"),  # finds the items
        Array("count", run="count", items_of="split"),  # works on each, side by side
        Job("merge", run="merge", after=["count"]),  # brings the results together
    ],
)
