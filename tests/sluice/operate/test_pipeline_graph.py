"""What each step of a pipeline is, and why it waits for another."""

from __future__ import annotations

from dataclasses import replace

from sluice.operate.pipeline_graph import Edge, Why, described, document, edges_of, ordered, triggers_of
from sluice.pipeline.after import always, finished
from sluice.pipeline.definition import Array, Job, Manual, Pipeline, Plan, S3Upload, Schedule

PIPELINE = Pipeline(
    name="graph",
    triggers=[
        S3Upload(prefix="in/", suffix=".txt", group_within="60s", group_of=2),
        Schedule("rate(1 day)"),
        Manual(),
    ],
    steps=[
        Job("report", run="report", after=[finished("count", at_least=0.5), always("plan")]),
        Array("count", run="count", items_of="plan", items_per_child=10),
        Plan("plan", run="plan"),
        Array("rank", run="rank", each="count", after=["plan"]),
    ],
)


def test_every_edge_has_its_reason() -> None:
    """A parent in several roles has the strongest."""
    assert edges_of(PIPELINE) == [
        Edge("plan", "count", Why.ITEMS),
        Edge("count", "report", Why.FINISHED),
        Edge("plan", "report", Why.ALWAYS),
        Edge("count", "rank", Why.EACH),
        Edge("plan", "rank", Why.AFTER),
    ]


def test_steps_in_words() -> None:
    """Parents come first."""
    assert [described(step) for step in ordered(PIPELINE)] == [
        "plan: finds the items",
        "array: on the items of plan, 10 a child",
        "job, after at least 0.5 of count and the end of plan",
        "array: child i after child i of count, after plan",
    ]


def test_triggers_in_words() -> None:
    """A gathering trigger says for how long and to how many."""
    assert triggers_of(PIPELINE) == [
        "S3 upload in/*.txt, gathered for 60 s or to 2",
        "schedule rate(1 day) UTC",
        "manual",
    ]
    reconciled = [S3Upload(prefix="a/", reconcile="7d"), S3Upload(prefix="b/", reconcile="on-request")]
    assert triggers_of(replace(PIPELINE, triggers=list(reconciled))) == [
        "S3 upload a/*, reconciled every 7d",
        "S3 upload b/*, reconciled on request",
    ]


def test_a_document_for_programs() -> None:
    """It has the steps in order and the edges."""
    found = document(PIPELINE)
    assert (found["name"], found["only_with"]) == ("graph", None)
    assert found["steps"] == [
        {"name": "plan", "kind": "plan"},
        {"name": "count", "kind": "array"},
        {"name": "report", "kind": "job"},
        {"name": "rank", "kind": "array"},
    ]
