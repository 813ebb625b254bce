"""The ledger's writes may come twice, and concurrently."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.ledger.ledger import Ledger
from sluice.messages import Planned
from sluice.run.decision import decide
from sluice.run.state import Run, RunState, StepState
from tests.sluice.clouds import TABLE, dynamodb
from tests.sluice.graphs import RUN_ID, pipeline, step, word_count

NOW, LATER = "2026-01-01T00:00:00.000+00:00", "2026-01-01T00:05:00.000+00:00"
TWO = pipeline(step("a"), step("b"))


class Meeting:
    """A DynamoDB client whose next writes meet another writer."""

    def __init__(self, client: Any) -> None:
        """Meet nobody yet."""
        self.client, self.conflicts, self.partial = client, 0, False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        if name == "batch_get_item" and self.partial:
            return self._partly
        return self._met if self.conflicts and name in ("transact_write_items", "update_item") else call

    def _met(self, **_: Any) -> None:
        self.conflicts -= 1
        response: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": "TransactionConflict"}],
        }
        raise ClientError(response, "TransactWriteItems")

    def _partly(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - botocore's name
        self.partial = False
        first, rest = RequestItems[TABLE]["Keys"][:1], RequestItems[TABLE]["Keys"][1:]
        answer: dict[str, Any] = self.client.batch_get_item(RequestItems={TABLE: {"Keys": first}})
        return answer | {"UnprocessedKeys": {TABLE: {"Keys": rest}}}


@pytest.fixture
def client() -> Iterator[Meeting]:
    """A DynamoDB with the table."""
    with dynamodb() as real:
        yield Meeting(real)


@pytest.fixture
def ledger(client: Meeting) -> Ledger:
    """A ledger with a run of two claimed steps."""
    ledger = Ledger(client, TABLE)
    run = Run(run_id=RUN_ID, pipeline=TWO, trigger={"key": "žluť"}, created_at=NOW)
    assert ledger.start(run, decide(TWO, {}).submissions)
    return ledger


def steps(ledger: Ledger) -> Any:
    """Return the steps of the run."""
    run = ledger.load(RUN_ID)
    assert run is not None
    return run.steps


def test_a_run_is_read_as_it_was_written(ledger: Ledger) -> None:
    """With its pipeline, its trigger and its claims."""
    run = ledger.load(RUN_ID)
    assert run is not None
    assert (run.pipeline, run.trigger, run.state, run.created_at) == (
        TWO,
        {"key": "žluť"},
        RunState.RUNNING,
        NOW,
    )
    assert {record.state for record in run.steps.values()} == {StepState.CLAIMED}


def test_a_claim_is_all_or_nothing(ledger: Ledger) -> None:
    """One step that somebody has keeps the others free."""
    more = pipeline(step("a"), step("c"))
    assert not ledger.claim(RUN_ID, decide(more, {}).submissions, LATER)
    assert set(steps(ledger)) == {"a", "b"}


def test_a_claim_is_taken_over_once(ledger: Ledger) -> None:
    """Of two who find it abandoned, one gets it."""
    record = steps(ledger)["a"]
    assert [ledger.renew_claim(RUN_ID, record, LATER), ledger.renew_claim(RUN_ID, record, LATER)] == [
        True,
        False,
    ]


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.SUCCEEDED])
def test_a_step_that_ended_is_not_taken_over(ledger: Ledger, state: StepState) -> None:
    """A refused step has no job and must not be submitted again."""
    record = steps(ledger)["a"]
    ledger.record_end(RUN_ID, "a", state, reason="refused")
    assert not ledger.renew_claim(RUN_ID, record, LATER)


def test_a_step_keeps_the_job_that_it_names(ledger: Ledger) -> None:
    """Jobs are registered together or not at all: what was submitted to wait for another one must not be."""
    assert ledger.record_submitted(RUN_ID, {"a": "job-1"})
    assert not ledger.record_submitted(RUN_ID, {"a": "job-2", "b": "job-3"})
    assert {name: record.job_id for name, record in steps(ledger).items()} == {"a": "job-1", "b": None}


def test_an_end_that_comes_before_the_jobs_id_is_kept(ledger: Ledger) -> None:
    """A fast job ends before its submitter has recorded it."""
    assert ledger.record_end(RUN_ID, "a", StepState.SUCCEEDED, job_id="job-1")
    ledger.record_submitted(RUN_ID, {"a": "job-1"})
    assert (steps(ledger)["a"].state, steps(ledger)["a"].job_id) == (StepState.SUCCEEDED, "job-1")
    assert not ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-2")


def test_a_failure_that_comes_before_the_jobs_id_waits_for_it(ledger: Ledger) -> None:
    """Such a job may have given up waiting for its name, and so have done nothing."""
    assert not ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-1")
    ledger.record_submitted(RUN_ID, {"a": "job-1"})
    assert ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-1")


@pytest.mark.parametrize("step_name", ["a", "nobody"])
def test_items_are_recorded_once_and_only_of_the_job_that_is_named(ledger: Ledger, step_name: str) -> None:
    """Not twice, not of another job, not of a step that was never claimed."""
    ledger.record_submitted(RUN_ID, {"a": "job-1"})
    message = Planned(run=RUN_ID, step=step_name, generation=0, job_id="job-1", items=3, manifest="m")
    assert not ledger.record_plan(
        Planned(run=RUN_ID, step=step_name, generation=0, job_id="job-2", items=4, manifest="n")
    )
    assert [ledger.record_plan(message), ledger.record_plan(message)] == [step_name == "a", False]


def test_a_run_ends_once_and_leaves_the_sweep(ledger: Ledger) -> None:
    """The first end stays."""
    assert list(ledger.unfinished(LATER)) == [RUN_ID]
    assert list(ledger.unfinished(NOW)) == []
    assert ledger.finish(RUN_ID, RunState.FAILED, LATER, "a")
    assert not ledger.finish(RUN_ID, RunState.SUCCEEDED, LATER)
    run = ledger.load(RUN_ID)
    assert run is not None
    assert (run.state, run.failed_step, run.ended_at) == (RunState.FAILED, "a", LATER)
    assert list(ledger.unfinished(LATER)) == []


@pytest.mark.parametrize("partial", [False, True])
def test_a_job_learns_its_place_in_one_look(ledger: Ledger, client: Meeting, partial: bool) -> None:
    """Also when DynamoDB answers a part of it first: a run that is there must not look unknown."""
    client.partial = partial
    found = ledger.assignment(RUN_ID, "a")
    assert found is not None
    assert found.step is not None
    assert (found.step.name, found.pipeline, found.trigger) == ("a", TWO, {"key": "žluť"})
    asked = ledger.assignment(RUN_ID, "a", ["b", "a", "none"])
    assert asked is not None
    assert (asked.step, set(asked.records)) == (found.step, {"a", "b"})


def test_a_step_or_a_run_that_is_not_there_is_none(ledger: Ledger) -> None:
    """The job ends itself."""
    found = ledger.assignment(RUN_ID, "c")
    assert found is not None
    assert found.step is None
    assert ledger.assignment("words-" + "z" * 20, "a") is None
    assert ledger.load("words-" + "z" * 20) is None


def test_another_writer_in_the_way_is_waited_for(ledger: Ledger, client: Meeting) -> None:
    """A conflict of transactions says nothing about the condition."""
    client.conflicts = 2
    ledger.record_submitted(RUN_ID, {"a": "job-1"})
    assert steps(ledger)["a"].job_id == "job-1"
    client.conflicts = 100
    with pytest.raises(ClientError):
        ledger.record_submitted(RUN_ID, {"b": "job-2"})


def test_what_was_done_is_noted_once(ledger: Ledger) -> None:
    """Unless it was taken back, or its doer died before it was done."""
    at = [f"2026-01-01T00:0{minute}:00.000000+00:00" for minute in range(6)]
    assert ledger.try_begin(RUN_ID, "alert:a", at[0], stale="2025")
    assert not ledger.try_begin(RUN_ID, "alert:a", at[1], stale="2025")
    assert ledger.try_begin(RUN_ID, "alert:a", at[3], stale=at[1])
    ledger.complete(RUN_ID, "alert:a")
    assert not ledger.try_begin(RUN_ID, "alert:a", at[5], stale=at[4])
    ledger.abandon(RUN_ID, "alert:a")
    assert ledger.try_begin(RUN_ID, "alert:a", at[5], stale="2025")


def test_a_pipeline_of_a_thousand_steps_fits_into_an_item(client: Meeting) -> None:
    """DynamoDB's limit is 400 KB:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
    """
    big = pipeline(
        *(
            step(f"step-number-{number}", after=(f"step-number-{number - 1}",) if number else ())
            for number in range(1_000)
        )
    )
    ledger = Ledger(client, TABLE)
    assert ledger.start(
        Run(run_id=RUN_ID, pipeline=big, trigger={}, created_at=NOW), decide(word_count(), {}).submissions
    )
    run = ledger.load(RUN_ID)
    assert run is not None
    assert run.pipeline == big


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.FAILED, RunState.SUCCEEDED])
def test_nothing_is_claimed_of_a_run_that_has_ended(ledger: Ledger, state: RunState) -> None:
    """Whoever looked at the run before it ended claims nothing of it any more; of a run that goes on they
    do.
    """
    other, late = (
        [one for one in decide(pipeline(*TWO.steps, step(name)), {}).submissions if one.step.name == name]
        for name in ("other", "late")
    )
    assert ledger.claim(RUN_ID, other, LATER)
    assert ledger.finish(RUN_ID, state, LATER)
    assert not ledger.claim(RUN_ID, late, LATER)
    assert set(steps(ledger)) == {"a", "b", "other"}
