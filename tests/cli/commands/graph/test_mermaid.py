"""A pipeline as a Mermaid flowchart."""

from __future__ import annotations

from cli.commands.graph.mermaid import mermaid
from sluice.pipeline.definition import Array, Job, Pipeline, Plan, S3Upload

ODD = Pipeline(
    name="odd",
    triggers=[S3Upload(prefix="odd/"), S3Upload(prefix="even/", suffix=".csv")],
    steps=[
        Job(
            "end", run="end", after=["graph", "x"]
        ),  # the words of Mermaid's own grammar, and the last step first
        Plan("graph", run="graph"),
        Array("x", run="x", items_of="graph", items_per_child=10),
        Array("o", run="o", each="x", after=["graph"]),
    ],
)


def test_mermaid() -> None:
    """Names of steps that are words of Mermaid stand in quotes; arrows say what is waited for; triggers start
    what waits for nothing.
    """
    assert mermaid(ODD).splitlines() == [
        "flowchart TD",
        '    t0(["S3 upload odd/*"])',
        '    t1(["S3 upload even/*.csv"])',
        '    s0{{"graph"}}',
        '    s1[["x"]]',
        '    s2["end"]',
        '    s3[["o"]]',
        "    t0 -.-> s0",
        "    t1 -.-> s0",
        "    s0 -->|items| s1",
        "    s0 --> s2",
        "    s1 --> s2",
        "    s1 ==>|child by child| s3",
        "    s0 --> s3",
    ]
