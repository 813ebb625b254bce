"""The queue of the runs of one key: who runs, who waits, who is next."""

from __future__ import annotations

from datetime import UTC, datetime

from sluice.ledger.records import values_of
from sluice.ordering import records, writes
from sluice.ordering.run_queue import Holder, QueueKey, RunQueue, WaitingRun, next_runs

KEY = QueueKey("words", "s3://inbox/a.csv")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY = RunQueue(key=KEY, max_runs=1)


def waiting(name: str) -> WaitingRun:
    """Return a run that waits."""
    return WaitingRun(name, f"WAIT##{name}", "2026-01-01T00:00:00+00:00")


def test_a_run_begins_where_a_place_is_free_and_no_other_waits() -> None:
    """Else it waits, also while a place is free for one that came earlier."""
    assert EMPTY.entered("a").running == (Holder("a"),)
    assert EMPTY.entered("a").entered("b").waiting == 1
    left = EMPTY.entered("a").entered("b").without([Holder("a")])
    assert left.entered("c").running == ()


def test_the_end_of_an_earlier_round_frees_no_later_one() -> None:
    """A resumed run has a place of its own."""
    resumed = EMPTY.entered("a").resumed("a")
    assert (resumed.running, resumed.waiting) == ((), 1)
    again = resumed.started([WaitingRun("a", "WAIT##a", "", 1)])
    assert again.without([Holder("a")]) == again
    assert again.without([Holder("a", 1)]).is_idle


def test_the_next_are_the_first_that_still_wait() -> None:
    """As many as places are free."""
    queue = RunQueue(key=KEY, max_runs=2, waiting=3)
    runs = [waiting(name) for name in "abc"]
    assert [run.run_id for run in next_runs(queue, runs, {"a"}, 20)] == ["b", "c"]
    assert [run.run_id for run in next_runs(queue, runs, (), 1)] == ["a"]


def test_a_version_is_outdated_by_a_newer_one_only() -> None:
    """One whose order is not known never is."""
    queue = EMPTY.arrived("b", "2", 1)
    assert queue.is_outdated("1")
    assert not queue.is_outdated("3")
    assert not queue.is_outdated("")
    assert queue.arrived("a", "1", 1).newest_run == "b"


def test_a_queue_is_read_as_it_was_written() -> None:
    """Places sort by the order of versions, then by arrival."""
    queue = EMPTY.arrived("a", "0A", 1).entered("a").entered("b")
    item = records.queue_key(KEY) | values_of(**records.queue_attributes(queue, NOW))
    assert records.queue_from(item) == queue
    entry = WaitingRun("b", records.place("0A", 12), "2026-01-01T00:00:00+00:00", 3)
    assert records.waiting_from(records.waiting_item(KEY, entry)) == entry
    assert records.place("", 9) < records.place("", 10)
    assert records.place("0A", 10) < records.place("0B", 9)


def test_a_queue_that_is_idle_is_in_no_index() -> None:
    """The sweep reads nothing of it."""
    busy = writes.change_queue("ledger", EMPTY, EMPTY.entered("a"), NOW)["Update"]
    idle = writes.change_queue("ledger", EMPTY.entered("a"), EMPTY, NOW)["Update"]
    assert "#unfinished = :unfinished" in busy["UpdateExpression"]
    assert idle["UpdateExpression"].endswith(" REMOVE #unfinished")
