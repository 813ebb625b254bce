"""Which steps of a run still mean the same in other code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.evaluation import evaluate_run
from sluice.run.reopening import Comparison
from sluice.run.state import Code, ItemSource, StepRecord, StepState
from sluice.run.step_graph import StepGraph
from tests.sluice.graphs import pipeline, step

OLD = pipeline(
    step("split", Kind.PLAN),
    step("count", Kind.ARRAY, items_of="split", items_per_child=5),
    step("merge", after=("count",)),
    step("cleanup", Kind.CLEANUP, after=("merge",)),
)
RECORDS = {
    "split": StepRecord(name="split", state=StepState.SUCCEEDED, items=10, manifest="m", job_id="1"),
    "count": StepRecord(
        name="count",
        state=StepState.FAILED,
        children=2,
        job_id="2",
        item_source=ItemSource("m", 10),
        failed_children="1",
        code=(Code(0, "count-definition:1"),),
    ),
    "merge": StepRecord(name="merge", state=StepState.FAILED, job_id="3"),
}


def changed(**steps: CompiledStep | None) -> CompiledPipeline:
    """Return the pipeline with other steps; None takes one away."""
    found = {one.name: one for one in OLD.steps} | steps
    return pipeline(*(one for one in found.values() if one is not None))


def compared(new: CompiledPipeline) -> list[tuple[str, str, bool]]:
    """Return what is different."""
    return [(one.step, one.what, one.loses) for one in Comparison(OLD, new, RECORDS).differences()]


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        changed(count=replace(OLD.step("count"), job_definition="count-2", queue="urgent", times=3)),
        changed(count=replace(OLD.step("count"), items_per_child=1)),
        pipeline(*OLD.steps[:3], step("report", after=("merge",)), OLD.steps[3]),
        changed(merge=replace(OLD.step("merge"), after=(), finished=(("count", 0.5),))),
    ],
    ids=["nothing", "a definition", "slices", "a step downstream", "a tolerance"],
)
def test_what_still_means_the_same(new: CompiledPipeline) -> None:
    """Code, machines, tolerances and steps downstream may change."""
    assert compared(new) == []


def test_a_step_upstream_that_is_new_makes_the_finished_ones_others() -> None:
    """And what is done of the array, whose failed items alone would have been repeated."""
    fetch = step("fetch")
    split = replace(OLD.step("split"), after=("fetch",))
    new = pipeline(fetch, split, *OLD.steps[1:])
    assert compared(new) == [
        ("split", "fetch is new upstream of it", True),
        ("count", "fetch is new upstream of it", True),
        ("merge", "fetch is new upstream of it", False),
    ]


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (changed(count=step("count", after=("split",))), "it was of the kind array, and is of the kind job"),
        (
            changed(count=step("count", Kind.ARRAY, size=3, after=("split",))),
            "its items_of was split, and is",
        ),
        (changed(count=replace(OLD.step("count"), returns=False)), "its returns was True, and is False"),
    ],
)
def test_an_array_whose_items_are_others_is_another(new: CompiledPipeline, what: str) -> None:
    """Its children's slices would be of something else."""
    (name, why, loses), *_ = compared(new)
    assert (name, loses) == ("count", True)
    assert why.startswith(what)


def test_a_step_that_is_gone_is_lost_with_what_it_had_done() -> None:
    """One that had done nothing is no loss."""
    new = pipeline(OLD.step("split"), replace(OLD.step("count"), name="tally"), OLD.step("cleanup"))
    new = replace(new, steps=(*new.steps[:2], replace(new.steps[2], after=("tally",))))
    assert compared(new) == [
        ("count", "it is not in the deployed pipeline", True),
        ("merge", "it is not in the deployed pipeline", False),
    ]
    change = Comparison(OLD, new, RECORDS).reopening(())
    assert (change.discarded, change.removed) == ((), ("count", "merge"))


def test_a_retry_with_other_slices_keeps_those_that_there_are() -> None:
    """What is done of a child stays done: only its failed child runs, and what follows it has as many."""
    smaller = replace(OLD.step("count"), items_per_child=1, job_definition="count-2", image="tag-2")
    follow = step("follow", Kind.ARRAY, each="count", items_of="split", items_per_child=1)
    new = pipeline(OLD.step("split"), smaller, follow, replace(OLD.step("merge"), after=("follow",)))
    submissions = {one.step.name: one for one in evaluate_run(StepGraph(new), RECORDS, 1).submissions}
    assert (submissions["count"].children, submissions["count"].spec.children) == (2, "1")
    assert submissions["follow"].children == 2
    assert submissions["count"].code == (Code(0, "count-definition:1"), Code(1, "count-2", "tag-2"))


def test_an_array_that_begins_anew_waits_for_the_items_of_a_plan_that_does() -> None:
    """It has none before."""
    records = {
        name: StepRecord(name=name, state=StepState.FAILED, discarded=True) for name in ("split", "count")
    }
    steps = evaluate_run(StepGraph(OLD), records, 1)
    assert [one.step.name for one in steps.submissions] == ["split"]
    assert steps.steps["count"].waits_for == ("split",)


def test_a_new_step_between_failed_ones_runs_before_the_last() -> None:
    """Nothing is known of it, in the middle of a run that goes on."""
    between = step("between", after=("count",))
    last = replace(OLD.step("merge"), kind=Kind.ARRAY, size=3, after=("between", "count"))
    records = {**RECORDS, "merge": replace(RECORDS["merge"], children=3, item_source=ItemSource(None, 3))}
    found = evaluate_run(StepGraph(pipeline(*OLD.steps[:2], between, last)), records, 1)
    assert [one.step.name for one in found.submissions][:2] == ["count", "between"]
    assert found.failed_step is None
