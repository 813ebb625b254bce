"""What there is to see of a run, made from the ledger and from what Batch describes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sluice.operate.runs.view import StepView, view_of
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.state import GenerationSpec, Run, RunState, StepRecord, StepState

_NOW = datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)
_START_MS = int((_NOW.timestamp() - 4) * 1000)
_STEP = CompiledStep(name="count", kind=Kind.ARRAY, job_definition="d", queue="normal")


def _view(record: StepRecord | None, job: dict[str, Any] | None = None) -> StepView:
    run = Run(
        run_id="p-1",
        pipeline=CompiledPipeline("p", (_STEP,)),
        trigger={"key": "in/a.txt"},
        created_at="2026-01-01T00:00:00+00:00",
        steps={"count": record} if record else {},
    )
    view = view_of(run, {"j": job} if job else {}, _NOW)
    assert (view.input, view.seconds, view.state) == ("in/a.txt", 10.0, RunState.RUNNING)
    return view.steps[0]


def _record(state: StepState = StepState.SUBMITTED, **more: Any) -> StepRecord:
    return StepRecord(name="count", state=state, job_id="j", children=4, **more)


def _job(status: str, summary: dict[str, int], **more: Any) -> dict[str, Any]:
    return {"jobId": "j", "status": status, "arrayProperties": {"size": 4, "statusSummary": summary}, **more}


def test_a_step_without_a_record_waits() -> None:
    """It is not claimed yet: it has no children and no time yet."""
    assert _view(None) == StepView(name="count", kind="array", state="WAITING")


def test_an_array_with_a_child_under_way_runs() -> None:
    """Batch calls such an array pending; a person sees how many children are done, and since when it runs."""
    step = _view(
        _record(), _job("PENDING", {"SUCCEEDED": 1, "RUNNING": 1, "RUNNABLE": 2}, startedAt=_START_MS)
    )
    assert (step.state, step.done, step.failed, step.children, step.seconds) == ("RUNNING", 1, 0, 4, 4.0)


def test_an_array_whose_children_wait_is_pending() -> None:
    """Nothing of it runs: it stays what Batch calls it."""
    assert _view(_record(), _job("PENDING", {"PENDING": 4})).state == "PENDING"


def test_a_succeeded_step_is_complete_even_when_batch_has_forgotten_it() -> None:
    """The ledger outlives Batch's memory of a job."""
    step = _view(_record(StepState.SUCCEEDED))
    assert (step.state, step.done, step.children) == ("SUCCEEDED", 4, 4)


def test_a_succeeded_step_says_how_many_of_its_items_failed() -> None:
    """Children that tolerate failures succeed: only the ledger's count tells."""
    step = _view(_record(StepState.SUCCEEDED, failed_items=1))
    assert (step.done, step.failed, step.items, step.failed_items) == (4, 0, 4, 1)


def test_a_failed_step_has_its_reason_and_counts() -> None:
    """What failed is counted apart from what is done."""
    job = _job("FAILED", {"SUCCEEDED": 3, "FAILED": 1}, startedAt=_START_MS, stoppedAt=_START_MS + 2500)
    step = _view(_record(StepState.FAILED, reason="1 of 4 children failed"), job)
    assert (step.state, step.done, step.failed, step.seconds, step.reason) == (
        "FAILED",
        3,
        1,
        2.5,
        "1 of 4 children failed",
    )


def test_of_a_step_that_never_ran_nothing_has_failed() -> None:
    """AWS Batch calls its children failed, none of which it began: they waited for one that failed."""
    steps = (_STEP, CompiledStep("rank", Kind.ARRAY, "d", "normal", each=("count",)))
    records = {
        "count": _record(StepState.FAILED, reason="4 of 4 children failed"),
        "rank": StepRecord(
            name="rank", state=StepState.FAILED, job_id="r", children=4, reason="4 of 4 children failed"
        ),
    }
    run = Run(
        run_id="p-1",
        pipeline=CompiledPipeline("p", steps),
        trigger={},
        created_at=_NOW.isoformat(),
        steps=records,
    )
    jobs = {
        "j": _job("FAILED", {"FAILED": 4}, startedAt=_START_MS, stoppedAt=_START_MS + 1000),
        "r": _job("FAILED", {"FAILED": 4}),
    }
    count, rank = view_of(run, jobs, _NOW).steps
    assert (count.state, count.failed) == ("FAILED", 4)
    assert (rank.state, rank.failed, rank.children) == ("NOT_RUN", 0, 4)


def test_nodes_count_as_children_and_succeed_together() -> None:
    """A multi-node job is one job of several nodes; only the main node's end is the job's."""
    step = CompiledStep("ring", Kind.MULTI_NODE, "d", "steady", groups=(1, 3))
    for state, status, done in (
        (StepState.SUBMITTED, "RUNNING", 0),
        (StepState.SUCCEEDED, "SUCCEEDED", 4),
        (StepState.FAILED, "FAILED", 0),
    ):
        record = StepRecord(name="ring", state=state, job_id="j")
        run = Run(
            run_id="p-1",
            pipeline=CompiledPipeline("p", (step,)),
            trigger={},
            created_at=_NOW.isoformat(),
            steps={"ring": record},
        )
        (view,) = view_of(run, {"j": {"jobId": "j", "status": status}}, _NOW).steps
        assert (view.kind, view.state, view.children, view.done) == ("multinode", status, 4, done)


def test_a_later_generation_counts_what_the_earlier_ones_finished() -> None:
    """Of four children one runs again, one is deferred to the next generation, and two were done earlier."""
    terms = GenerationSpec(children="1", deferred_children="3")
    running = _view(_record(generation=1, spec=terms), {"jobId": "j", "status": "RUNNING"})
    assert (running.children, running.done, running.failed) == (4, 2, 1)
    over = _view(_record(StepState.SUCCEEDED, generation=1, spec=terms))
    assert (over.done, over.failed) == (3, 1)
    last = _view(
        _record(generation=2, spec=GenerationSpec(children="1,3")),
        _job("PENDING", {"SUCCEEDED": 1, "FAILED": 1}),
    )
    assert (last.done, last.failed) == (3, 1)
