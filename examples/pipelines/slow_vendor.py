"""Twelve calls to a third party that takes two at a time: a limit that jobs hold while they run."""

from sluice import Array, Job, Limit, Manual, Pipeline

pipeline = Pipeline(
    name="slow-vendor",
    triggers=[Manual()],
    limits=[Limit("vendor-api", max_concurrency=2)],  # shared by all pipelines that list it
    steps=[
        Array(
            "ask", run="ask", size=12, uses={"vendor-api": 1}, queue="bulk", memory=512
        ),  # never more than two children run
        Job("compare", run="compare", after=["ask"], memory=512),
    ],
)
