"""Runs of one key run one after the other, in the order of their arrival, whatever dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from sluice.errors import UnsettledError
from sluice.ordering.run_queue import QueueKey
from sluice.ordering.run_queues import RunQueues
from sluice.run.compiled import CompiledPipeline
from sluice.run.state import RunState, StepState
from tests.sluice.clouds import CrashedError, CrashingClient, Harness, dynamodb, in_memory
from tests.sluice.ordering.runs import NAME, end, limited, run_id, run_number, states

EVERYTHING = QueueKey(NAME, "")
OBJECT = QueueKey(NAME, "s3://inbox/a.csv")


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger and Batch."""
    with dynamodb() as client:
        yield Harness(client)


def start(harness: Harness, numbers: range, graph: CompiledPipeline) -> None:
    """Let these runs arrive, in this order."""
    for number in numbers:
        assert harness.advancer().start(run_number(number, graph))


def finish(harness: Harness, number: int) -> None:
    """Let a run succeed."""
    end(harness, number)
    harness.advancer().advance(run_id(number))


def waiting(harness: Harness, key: QueueKey = EVERYTHING) -> list[str]:
    """Return who waits, the next one first."""
    return [one.run_id for one in RunQueues(harness.ledger.table).waiting(key, 50)]


def submitted(harness: Harness) -> list[str]:
    """Return the runs whose work was submitted, in that order."""
    return [job["jobName"].split("_")[0] for job in harness.batch.jobs.values() if "_work_" in job["jobName"]]


def test_the_end_of_a_run_starts_the_next_in_order_of_arrival(harness: Harness) -> None:
    """One at a time; nothing of the others is submitted before."""
    start(harness, range(4), limited())
    assert states(harness, 4) == "RWWW"
    assert waiting(harness) == [run_id(number) for number in (1, 2, 3)]
    for number in range(4):
        assert submitted(harness) == [run_id(one) for one in range(number + 1)]
        finish(harness, number)
    assert states(harness, 4) == "SSSS"
    queue = RunQueues(harness.ledger.table).load(EVERYTHING)
    assert queue is not None
    assert queue.is_idle
    assert list(RunQueues(harness.ledger.table).unfinished()) == []


def test_so_many_run_together_as_the_pipeline_says(harness: Harness) -> None:
    """Each end frees one place."""
    start(harness, range(5), limited(2))
    assert states(harness, 5) == "RRWWW"
    finish(harness, 1)
    assert states(harness, 5) == "RSRWW"
    finish(harness, 0)
    assert states(harness, 5) == "SSRRW"


def test_a_failed_run_frees_its_place_and_a_retry_waits_for_its_turn(harness: Harness) -> None:
    """It keeps its place in the order: it is the next."""
    start(harness, range(3), limited())
    end(harness, 0, StepState.FAILED)
    harness.advancer().advance(run_id(0))
    assert states(harness, 3) == "FRW"
    failed = harness.ledger.load(run_id(0))
    assert failed is not None
    assert harness.ledger.reopen(failed)
    harness.advancer().advance(run_id(0))
    assert states(harness, 3) == "WRW"
    finish(harness, 1)
    assert states(harness, 3) == "RSW"
    finish(harness, 0)
    assert states(harness, 3) == "SSR"


def test_a_retry_of_the_only_run_begins_at_once(harness: Harness) -> None:
    """Its old place was free, though the invocation that ended it died before it freed it."""
    start(harness, range(1), limited())
    end(harness, 0, StepState.FAILED)
    harness.ledger.finish(run_id(0), RunState.FAILED, "2026-01-01T00:01:00+00:00", "work")
    failed = harness.ledger.load(run_id(0))
    assert failed is not None
    assert harness.ledger.reopen(failed)
    harness.advancer().advance(run_id(0))
    assert states(harness, 1) == "R"
    # The end of the first round is handled once more, very late: the place is that of the second.
    harness.advancer().order.ended(failed)
    start(harness, range(1, 2), limited())
    assert states(harness, 2) == "RW"


def test_a_waiting_run_can_be_cancelled(harness: Harness) -> None:
    """The one behind it is next."""
    start(harness, range(3), limited())
    assert harness.ledger.finish(run_id(1), RunState.CANCELLED, "2026-01-01T00:01:00+00:00")
    finish(harness, 0)
    assert states(harness, 3) == "SCR"
    assert waiting(harness) == []


def test_a_cancelled_run_keeps_its_place_until_its_jobs_have_ended(harness: Harness) -> None:
    """Two would run at the same time otherwise."""
    start(harness, range(2), limited())
    harness.ledger.finish(run_id(0), RunState.CANCELLED, harness.now.isoformat())
    harness.advancer().advance(run_id(0))
    harness.advancer().order.sweep()
    assert states(harness, 2) == "CW"
    finish(harness, 0)
    assert states(harness, 2) == "CR"


def test_the_jobs_of_a_cancelled_run_keep_its_place_for_a_quarter_of_an_hour(harness: Harness) -> None:
    """Their ends may have been lost."""
    start(harness, range(2), limited())
    harness.ledger.finish(run_id(0), RunState.CANCELLED, harness.now.isoformat())
    harness.later(15 * 60)
    harness.advancer().order.sweep()
    assert states(harness, 2) == "CR"


def test_versions_of_an_object_run_in_the_order_of_their_uploads(harness: Harness) -> None:
    """However S3's events come: its sequencer says which came first."""
    graph = limited(per="object")
    for number, sequencer in ((0, "01"), (3, "04"), (1, "02"), (2, "03")):
        harness.advancer().start(run_number(number, graph, sequencer))
    for number in range(4):
        finish(harness, number)
    assert submitted(harness) == [run_id(number) for number in range(4)]


def test_a_newer_version_replaces_one_that_waits(harness: Harness) -> None:
    """Also when its event comes first: the older one is replaced at once."""
    graph = limited(per="object", replaces="newest")
    for number, sequencer in ((0, "01"), (1, "02"), (3, "04"), (2, "03")):
        harness.advancer().start(run_number(number, graph, sequencer))
    assert states(harness, 4) == "RXXW"
    replaced = [harness.ledger.load(run_id(number)) for number in (1, 2)]
    assert [run.replaced_by for run in replaced if run] == [run_id(3)] * 2
    assert [run.ended_at is not None for run in replaced if run] == [True, True]
    assert ("REPLACED", run_id(1)) in [(one.changed_to, one.run) for one in harness.changes]
    finish(harness, 0)
    assert states(harness, 4) == "SXXR"
    assert waiting(harness, OBJECT) == []


def test_the_same_event_twice_is_the_same_run(harness: Harness) -> None:
    """In whatever state it is."""
    start(harness, range(2), limited())
    for number in (0, 1, 1, 0):
        assert not harness.advancer().start(run_number(number, limited()))
    assert states(harness, 2) == "RW"
    assert submitted(harness) == [run_id(0)]
    queue = RunQueues(harness.ledger.table).load(EVERYTHING)
    assert queue is not None
    assert (len(queue.running), queue.waiting) == (1, 1)


def test_a_deploy_that_allows_more_lets_more_begin(harness: Harness) -> None:
    """With the next arrival or end."""
    start(harness, range(3), limited())
    start(harness, range(3, 4), limited(3))
    finish(harness, 0)
    assert states(harness, 4) == "SRRR"


def test_the_sweep_starts_what_an_end_left_waiting(harness: Harness) -> None:
    """The invocation that recorded the end died before it started the next run."""
    start(harness, range(2), limited())
    end(harness, 0)
    harness.ledger.finish(run_id(0), RunState.SUCCEEDED, "2026-01-01T00:01:00+00:00")
    harness.advancer().order.sweep()
    assert states(harness, 2) == "SR"
    assert submitted(harness) == [run_id(0), run_id(1)]


@pytest.mark.parametrize("lives_for", range(1, 40))
def test_whatever_dies_runs_come_one_at_a_time_and_in_order(lives_for: int) -> None:
    """Every invocation dies after so many calls, the last answer is lost; SQS delivers again, and the sweep
    comes. All run in the end, in order, never two together.
    """
    harness, graph, crashing = Harness(in_memory()), limited(), CrashingClient(lives_for)
    for number in range(3):
        for client in (crashing, None):
            with suppress(CrashedError, UnsettledError):
                harness.advancer(client).start(run_number(number, graph))
    for _ in range(12):
        running = [number for number in range(3) if states(harness, 3)[number] == "R"]
        assert len(running) <= 1
        for number in running:
            end(harness, number)
            for client in (crashing, None):
                with suppress(CrashedError, UnsettledError):
                    harness.advancer(client).advance(run_id(number))
        harness.later(400)
        for number in range(3):
            with suppress(UnsettledError):
                harness.advancer().advance(run_id(number))
        harness.advancer().order.sweep()
    assert states(harness, 3) == "SSS"
    assert submitted(harness) == [run_id(number) for number in range(3)]


def test_runs_without_a_limit_cost_nothing_more(harness: Harness) -> None:
    """No queue is read or written for them."""
    graph = limited()
    counted = CrashingClient(1_000)
    free = run_number(0, type(graph)(graph.name, graph.steps))
    harness.advancer(counted).start(free)
    end(harness, 0)
    harness.advancer(counted).advance(run_id(0))
    assert not [pk for pk in _partitions(harness) if pk.startswith("RUNQUEUE#")]


def test_a_waiting_run_costs_a_few_calls(harness: Harness) -> None:
    """A query and a transaction when it comes, and the same when it begins, beside what every run costs."""
    graph = limited()
    start(harness, range(2), graph)
    arriving = CrashingClient(1_000)
    harness.advancer(arriving).start(run_number(2, graph))
    assert arriving.calls == ["query", "transact_write_items", "changed"]


def _partitions(harness: Harness) -> set[str]:
    return {item["pk"]["S"] for item in harness.client.scan(TableName="ledger")["Items"]}
