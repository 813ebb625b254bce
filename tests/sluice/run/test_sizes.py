"""Arrays of any number of items, from none to ten million, from the decision to the slice of the last child;
and chains of them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sluice.items.manifest import slice_bounds
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.decision import Decision, decide
from sluice.run.state import StepRecord, StepState
from sluice.run.submit_request import submit_request
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step, word_count

SIZES = [(0, 0), (1, 1), (2, 2), (9_999, 9_999), (10_000, 10_000), (10_001, 10_000), (10_000_000, 10_000)]


def behind_plan(graph: CompiledPipeline, items: int, **others: StepRecord) -> Decision:
    """Return what is next when the plan ``split`` has found so many items."""
    split = StepRecord(name="split", state=StepState.SUBMITTED, job_id="job-split", items=items, manifest="m")
    return decide(graph, {"split": split, **others})


def requests(decision: Decision) -> dict[str, dict[str, Any]]:
    """Return the SubmitJob requests of what has something to do, checked against AWS's limits, by step."""
    ids = {one.step.name: f"job-{one.step.name}" for one in decision.submissions} | {"split": "job-split"}
    return {
        one.step.name: submit_request(RUN_ID, one, QUEUES, ids)
        for one in decision.submissions
        if one.children
    }


@pytest.mark.parametrize(("items", "children"), SIZES)
def test_any_number_of_items_is_as_many_submissions(items: int, children: int) -> None:
    """None: no job for the arrays, and what follows runs. One: plain jobs. More: arrays of at most 10,000,
    child by child.
    """
    decision = behind_plan(word_count(), items)
    found = requests(decision)
    assert [one.step.name for one in decision.submissions] == ["count", "rank", "merge", "cleanup"]
    assert [one.children for one in decision.submissions][:2] == [children] * 2
    if children == 0:
        assert found.keys() == {"merge", "cleanup"}
        assert "dependsOn" not in found["merge"]
        return
    size = {"arrayProperties": {"size": children}} if children > 1 else {}
    assert {name: found["count"][name] for name in found["count"].keys() & {"arrayProperties"}} == size
    kind = {"type": "N_TO_N"} if children > 1 else {}
    assert found["rank"]["dependsOn"] == [{"jobId": "job-count", **kind}]
    assert found["merge"]["dependsOn"] == [{"jobId": "job-rank"}]


@pytest.mark.parametrize(("items", "children"), SIZES[1:])
def test_the_slices_of_any_number_of_items_are_all_of_them_once(items: int, children: int) -> None:
    """Each child's share begins where the one before ends, and no share is more than one item longer than
    another.
    """
    bounds = [slice_bounds(items, children, child) for child in range(children)]
    assert (bounds[0][0], bounds[-1][1]) == (0, items)
    assert all(before[1] == after[0] for before, after in pairwise(bounds))
    lengths = {stop - start for start, stop in bounds}
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("children", [2, 10_000])
def test_an_array_that_follows_another_may_have_several_parents(children: int) -> None:
    """Child by child behind the one, behind the whole of the others, arrays and jobs alike; a chain of three
    goes child by child.
    """
    graph = pipeline(
        step("split", Kind.PLAN),
        step("other", Kind.ARRAY, size=7),
        step("side"),
        step("a", Kind.ARRAY, items_of="split"),
        step("b", Kind.ARRAY, each="a", items_of="split", after=("other", "side")),
        step("c", Kind.ARRAY, each="b", items_of="split", after=("a",)),
    )
    found = requests(behind_plan(graph, children))
    assert found["b"]["dependsOn"] == [
        {"jobId": "job-a", "type": "N_TO_N"},
        {"jobId": "job-other"},
        {"jobId": "job-side"},
    ]
    assert found["c"]["dependsOn"] == [{"jobId": "job-b", "type": "N_TO_N"}, {"jobId": "job-a"}]
    assert {found[name]["arrayProperties"]["size"] for name in "abc"} == {children}


@pytest.mark.parametrize("children", [0, 1, 2, 10_000])
def test_an_array_follows_several_child_by_child(children: int) -> None:
    """A diamond of arrays: child i waits for child i of both sides, one job for both jobs, and nothing for
    nobody.
    """
    graph = pipeline(
        step("split", Kind.PLAN),
        step("a", Kind.ARRAY, items_of="split"),
        step("b", Kind.ARRAY, each="a", items_of="split"),
        step("c", Kind.ARRAY, each="a", items_of="split"),
        step("d", Kind.ARRAY, each=("b", "c"), items_of="split"),
    )
    found = requests(behind_plan(graph, children))
    kind = {"type": "N_TO_N"} if children > 1 else {}
    assert ("d" in found) is bool(children)
    assert not children or found["d"]["dependsOn"] == [{"jobId": "job-b", **kind}, {"jobId": "job-c", **kind}]


def test_an_empty_array_hands_on_whom_it_would_have_waited_for() -> None:
    """With no items an array that follows it waits for nobody's children, and what stands behind both for its
    other parents.
    """
    graph = pipeline(
        step("split", Kind.PLAN),
        step("side"),
        step("a", Kind.ARRAY, items_of="split"),
        step("b", Kind.ARRAY, each="a", items_of="split", after=("side",)),
        step("sum", after=("b",)),
    )
    found = requests(behind_plan(graph, 0))
    assert found["sum"]["dependsOn"] == [{"jobId": "job-side"}]


@pytest.mark.parametrize(("first", "second"), [(3, 2), (3, 0), (0, 2), (0, 0), (10_001, 10_000_000)])
def test_a_plan_behind_an_array_decides_the_next_array(first: int, second: int) -> None:
    """The second plan is submitted with the first array and waits for it; what stands behind it comes when
    its items are known.
    """
    graph = pipeline(
        step("split", Kind.PLAN),
        step("count", Kind.ARRAY, items_of="split"),
        step("share", Kind.PLAN, after=("count",)),
        step("sum", Kind.ARRAY, items_of="share"),
        step("merge", after=("sum",)),
    )
    found = requests(behind_plan(graph, first))
    assert found.keys() == ({"count", "share"} if first else {"share"})
    assert found["share"].get("dependsOn", []) == ([{"jobId": "job-count"}] if first else [])
    count = StepRecord(
        name="count",
        state=StepState.SUCCEEDED if first else StepState.EMPTY,
        job_id="job-count",
        children=min(first, 10_000),
    )
    share = StepRecord(
        name="share", state=StepState.SUBMITTED, job_id="job-share", items=second, manifest="n"
    )
    later = behind_plan(graph, first, count=count, share=share)
    assert [(one.step.name, one.children) for one in later.submissions] == [
        ("sum", min(second, 10_000)),
        ("merge", 1),
    ]
    assert all(one.item_source is None or one.item_source.manifest == "n" for one in later.submissions)
