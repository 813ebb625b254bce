"""How far a backfill of a command is, in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.backfill.recording import INTERRUPTED, recorded
from sluice.backfill.records import SILENT_AFTER, BackfillRecords
from sluice.testing.memory.tables import Table
from tests.sluice.clouds import refused

ABOUT = "s3://inbox/sales/*.csv"


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        """Begin at noon."""
        self.time = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


class CountedTable(Table):
    """A table that counts what is written."""

    writes = 0

    def update_item(self, **request: Any) -> Any:
        """Write, and count."""
        self.writes += 1
        return super().update_item(**request)


@pytest.fixture
def table() -> CountedTable:
    """An empty ledger."""
    return CountedTable("ledger")


@pytest.fixture
def records(table: CountedTable) -> BackfillRecords:
    """What is kept in it."""
    return BackfillRecords(table, "ledger")


def begin(records: BackfillRecords, clock: Clock, about: str = ABOUT, denied: Any = pytest.fail) -> Any:
    """Begin what writes how far a backfill is."""
    return recorded(records, pipeline="sales", about=about, total=1_000, denied=denied, now=clock)


def test_it_is_seen_when_it_begins_as_it_goes_and_at_its_end(
    records: BackfillRecords, table: CountedTable
) -> None:
    """With what was asked for; writes are bounded by time, however often it moves."""
    clock = Clock()
    with begin(records, clock) as recording:
        (begun,) = records.unfinished()
        assert (begun.about, begun.run_id, begun.objects, begun.total) == (ABOUT, "", 0, 1_000)
        for number in range(1, 101):
            clock.turn(0.125)
            recording.moved(number * 10, number)
        (moved,) = records.unfinished()
        assert (moved.objects, moved.new, table.writes) == (800, 80, 1 + 2)
    assert list(records.unfinished()) == []
    (ended,) = records.of("sales")
    assert (ended.ended, ended.objects, ended.new, ended.stopped) == (True, 1_000, 100, "")
    assert (ended.began_at, ended.updated_at) == (
        "2026-01-01T12:00:00.000+00:00",
        "2026-01-01T12:00:12.500+00:00",
    )
    assert table.writes == 4


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (KeyboardInterrupt(), INTERRUPTED),
        (ValueError("no such thing"), "no such thing"),
        (OSError(), "OSError"),
    ],
)
def test_one_that_stops_says_why(records: BackfillRecords, error: BaseException, why: str) -> None:
    """And how far it was; the error goes on to the caller."""

    def stop() -> None:
        with begin(records, Clock()) as recording:
            recording.moved(7, 3, 2)
            raise error

    with pytest.raises(type(error)):
        stop()
    (ended,) = records.of("sales")
    assert (ended.ended, ended.stopped) == (True, why)
    assert (ended.objects, ended.new, ended.gone) == (7, 3, 2)


def test_one_that_is_begun_again_is_the_same(records: BackfillRecords) -> None:
    """However often; another place, or another word, is another one."""
    clock = Clock()
    for _ in range(3):
        with begin(records, clock):
            clock.turn(60)
    with begin(records, clock, f"{ABOUT}, again fix-1"):
        assert [one.about for one in records.of("sales")] == [f"{ABOUT}, again fix-1", ABOUT]


def test_one_that_was_killed_is_silent(records: BackfillRecords) -> None:
    """Nothing of it says so; one that has ended is not."""
    clock = Clock()
    with begin(records, clock):
        (working,) = records.unfinished()
        assert not working.is_silent(clock() + SILENT_AFTER)
        assert working.is_silent(clock() + SILENT_AFTER + timedelta(seconds=1))
    (ended,) = records.of("sales")
    assert not ended.is_silent(clock() + timedelta(days=1))


def test_who_may_not_write_backfills_all_the_same(
    records: BackfillRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hear of it once. Any other error is one."""
    clock, heard, errors = Clock(), list[str](), [refused("AccessDeniedException", "no", 400)]

    def deny(*_: Any) -> None:
        raise errors[0]

    monkeypatch.setattr(BackfillRecords, "write", deny)
    with begin(records, clock, denied=heard.append) as recording:
        clock.turn(60)
        recording.moved(5, 5)
    assert len(heard) == 1
    errors[0] = refused("InternalServerError", "again", 500)
    with pytest.raises(type(errors[0]), match="again"), begin(records, clock):
        pytest.fail("it has not begun")


def test_records_of_before_are_read(records: BackfillRecords, table: CountedTable) -> None:
    """Those that lack what was added later."""
    with begin(records, Clock()):
        pass
    (found,) = records.of("sales")
    key = {"pk": {"S": "BACKFILL#sales"}, "sk": {"S": f"JOB#{found.identity}"}}
    table.update_item(
        TableName="ledger",
        Key=key,
        UpdateExpression="REMOVE #total, stopped",
        ExpressionAttributeNames={"#total": "total"},
    )
    (found,) = records.of("sales")
    assert (found.total, found.stopped) == (None, "")
