"""What becomes of a step: whom it waits for, whether a failure is repeated, final, or tolerated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.evaluation import RunEvaluation, StepOutcome, evaluate_run
from sluice.run.state import GenerationSpec, ItemSource, StepRecord, StepState
from sluice.run.step_graph import StepGraph
from sluice.run.submission import Wait
from tests.sluice.graphs import pipeline, step


def evaluated(graph: CompiledPipeline, *records: StepRecord, reopened: int = 0) -> RunEvaluation:
    """Return the evaluation of a run with these steps in the ledger."""
    return evaluate_run(StepGraph(graph), {record.name: record for record in records}, reopened)


def record(name: str, state: StepState, **more: Any) -> StepRecord:
    """Return a step that has a job."""
    return StepRecord(name=name, state=state, job_id=f"job-{name}", **more)


def failed(name: str, **more: Any) -> StepRecord:
    """Return a step whose job failed."""
    return record(name, StepState.FAILED, **more)


CHAIN = pipeline(step("a"), step("b", after=("a",)), step("c", after=("b",)))
COUNTED = pipeline(
    step("score", Kind.ARRAY, size=6, items_per_child=2, continues=True),
    step("report", finished=(("score", 0.0),), at_most=(("score", 3),)),
)
SCORED = pipeline(
    step("score", Kind.ARRAY, size=4),
    step("report", finished=(("score", 0.5),)),
    step("sum", after=("report",)),
)


def test_a_chain_is_submitted_at_once_each_behind_the_one_before() -> None:
    """AWS Batch does the waiting."""
    found = evaluated(CHAIN)
    assert [one.step.name for one in found.submissions] == ["a", "b", "c"]
    assert {one.outcome for one in found.steps.values()} == {StepOutcome.WAITING}


def test_a_step_behind_a_plan_says_what_it_waits_for() -> None:
    """The number of its children is not known before the plan has announced its items."""
    graph = pipeline(step("find", Kind.PLAN), step("work", Kind.ARRAY, items_of="find"))
    found = evaluated(graph).steps["work"]
    assert (found.outcome, found.submission, found.waits_for) == (StepOutcome.WAITING, None, ("find",))


def test_a_step_without_tries_fails_for_good_and_so_does_what_needs_it() -> None:
    """Each that never will run names the step for which it does not."""
    found = evaluated(CHAIN, failed("a"))
    assert found.failed_step == "a"
    assert {name: (one.outcome, one.cause) for name, one in found.steps.items()} == {
        "a": (StepOutcome.FAILED_FINAL, None),
        "b": (StepOutcome.FAILED_FINAL, "a"),
        "c": (StepOutcome.FAILED_FINAL, "b"),
    }


def test_a_step_with_tries_is_submitted_again_and_what_waits_for_it_behind() -> None:
    """Its next generation uses up a try."""
    graph = pipeline(step("a", times=1), step("b", after=("a",)))
    found = evaluated(graph, failed("a"), failed("b"))
    assert {one.outcome for one in found.steps.values()} == {StepOutcome.RETRY_PENDING}
    assert [(one.step.name, one.generation, one.spec.tries) for one in found.submissions] == [
        ("a", 1, 1),
        ("b", 1, 0),
    ]


def test_a_failure_whose_cause_may_come_later_is_undetermined() -> None:
    """Events come out of order: ``b`` may have failed only because ``a`` did, which nobody has heard of."""
    found = evaluated(CHAIN, record("a", StepState.SUBMITTED), failed("b"))
    assert found.steps["b"].outcome is StepOutcome.UNDETERMINED
    assert found.failed_step is None


def test_what_stands_before_a_step_that_is_done_did_not_fail_one_behind_it() -> None:
    """The code that a run goes on with has a start job: it is under way until the claim of ``c`` is settled,
    which waits for ``b``, and ``b`` waited for ``a`` alone. Neither came to an end.
    """
    graph = pipeline(step("start", Kind.START), replace(CHAIN.steps[0], after=("start",)), *CHAIN.steps[1:])
    records = (
        record("start", StepState.SUBMITTED, spec=GenerationSpec(reopened=1)),
        record("a", StepState.SUCCEEDED),
        failed("b"),
        StepRecord(name="c", state=StepState.CLAIMED),
    )
    found = evaluated(graph, *records, reopened=1)
    assert found.steps["b"].outcome is StepOutcome.RETRY_PENDING
    assert [(one.step.name, one.generation) for one in found.submissions] == [("b", 1)]


def test_what_works_on_the_files_of_a_run_waits_for_its_start_job() -> None:
    """The plan of the files has no job, and is done when the run begins: in its place the start job is waited
    for. An array that did not wait failed while the start job was under way, which waited for claims behind
    the array, and the array for the start job.
    """
    graph = pipeline(
        step("start", Kind.START),
        step("files", Kind.PLAN, after=("start",), of_uploads=True),
        step("work", Kind.ARRAY, items_of="files"),
        step("sum", after=("work",)),
    )
    files = StepRecord(name="files", state=StepState.SUCCEEDED, items=2, manifest="items.jsonl")
    found = evaluated(graph, files, record("start", StepState.SUBMITTED))
    assert [(one.step.name, one.waits) for one in found.submissions] == [
        ("work", (Wait("start", n_to_n=False),)),
        ("sum", (Wait("work", n_to_n=False),)),
    ]
    again = record("start", StepState.SUBMITTED, generation=1, spec=GenerationSpec(reopened=1))
    work = failed("work", item_source=ItemSource("items.jsonl", 2), children=2, failed_children="0")
    claim = StepRecord(name="sum", state=StepState.CLAIMED)
    found = evaluated(graph, files, again, work, claim, reopened=1)
    assert [(one.step.name, one.generation) for one in found.submissions] == [("work", 1)]


def test_a_person_who_retries_the_run_gives_each_failed_step_one_more_try() -> None:
    """``reopened`` is larger than when the step was submitted."""
    assert evaluated(CHAIN, failed("a"), reopened=1).steps["a"].outcome is StepOutcome.RETRY_PENDING
    again = failed("a", generation=1, spec=GenerationSpec(reopened=1))
    assert evaluated(CHAIN, again, reopened=1).steps["a"].outcome is StepOutcome.FAILED_FINAL


def test_a_job_that_waits_for_a_generation_of_before_is_stale() -> None:
    """AWS Batch fails it, because the job that it waits for failed; nothing new is put behind it."""
    records = (record("a", StepState.SUBMITTED, generation=1), record("b", StepState.SUBMITTED))
    found = evaluated(CHAIN, *records)
    assert found.steps["b"].outcome is StepOutcome.STALE
    assert found.steps["c"].waits_for == ("b",)


def test_enough_children_let_what_tolerates_the_others_run() -> None:
    """Two of four succeeded, and half is enough."""
    found = evaluated(SCORED, failed("score", children=4, failed_children="0,2"))
    assert [one.step.name for one in found.submissions] == ["report", "sum"]
    assert (found.steps["score"].tolerated, found.failed_step) == (True, None)


def test_whether_a_failure_is_tolerated_may_depend_on_what_fails_next() -> None:
    """``sum`` needs ``parse``, and only when ``sum`` has failed it is decided whether its reader tolerates
    that.
    """
    graph = pipeline(
        step("parse", Kind.ARRAY, size=4),
        step("sum", Kind.ARRAY, each="parse", size=4),
        step("report", finished=(("sum", 0.5),)),
    )
    parse = failed("parse", children=4, failed_children="0,2")
    open_yet = evaluated(graph, parse, record("sum", StepState.SUBMITTED, children=4))
    assert (open_yet.steps["parse"].tolerated, open_yet.failed_step) == (None, None)
    half = failed("sum", children=4, failed_children="0,2")
    assert evaluated(graph, parse, half).steps["parse"].tolerated is True
    none = failed("sum", children=4, failed_children="0-3")
    assert evaluated(graph, parse, none).failed_step == "parse"


def test_too_few_children_fail_the_run() -> None:
    """One of four is less than half."""
    found = evaluated(SCORED, failed("score", children=4, failed_children="0-2"))
    assert (found.steps["score"].tolerated, found.failed_step) == (False, "score")
    assert found.steps["report"].cause == "score"
    assert found.submissions == ()


def test_which_children_failed_is_found_out_before_it_is_decided() -> None:
    """AWS Batch tells only that the array failed."""
    found = evaluated(SCORED, failed("score", children=4))
    assert found.unresolved_steps == ("score",)
    assert found.steps["report"].submission is None


def test_only_what_always_runs_is_submitted_once_the_run_fails() -> None:
    """The other branch is not begun any more."""
    graph = pipeline(step("a"), step("b"), step("c", after=("b",)), step("notify", always=("a",)))
    found = evaluated(graph, failed("a"))
    assert [one.step.name for one in found.submissions] == ["notify"]
    assert found.steps["c"].outcome is StepOutcome.FAILED_FINAL


def test_what_always_runs_waits_for_a_branch_upstream_that_still_works() -> None:
    """`c` never will run, but what `b` does is read by `notify`."""
    graph = pipeline(
        step("a"), step("b", Kind.ARRAY, size=2), step("c", after=("a", "b")), step("notify", always=("c",))
    )
    under_way = evaluated(graph, failed("a"), record("b", StepState.SUBMITTED))
    assert (under_way.failed_step, under_way.submissions) == ("a", ())
    for over in (record("b", StepState.SUCCEEDED), failed("b", children=2, failed_children="0-1")):
        found = evaluated(graph, failed("a"), over)
        assert [one.step.name for one in found.submissions] == ["notify"]


def test_of_an_array_that_never_was_all_items_failed() -> None:
    """Three of its children are six items where items are counted, and `at_most=3` bears three."""
    never = StepRecord(
        name="score",
        state=StepState.FAILED,
        job_id=None,
        children=3,
        item_source=ItemSource(None, 6),
        reason="never submitted, because split failed",
    )
    found = evaluated(COUNTED, never)
    assert (found.steps["report"].outcome, found.steps["report"].cause) == (StepOutcome.FAILED_FINAL, "score")
    borne = evaluated(COUNTED, replace(never, item_source=ItemSource(None, 3)))
    assert borne.steps["report"].submission is not None
