"""What the ledger keeps of backfills that run as jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.testing.memory.tables import Table

FIRST = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROGRESS = BackfillProgress(
    pipeline="sales",
    run_id="sales-backfill-1",
    about="reconcile",
    began_at="2026-01-01T12:00:00.000+00:00",
    updated_at="2026-01-01T12:00:00.000+00:00",
)


@pytest.fixture
def records() -> BackfillRecords:
    """An empty ledger."""
    return BackfillRecords(Table("ledger"), "ledger")


def test_a_trigger_is_reconciled_since_the_earliest_time(records: BackfillRecords) -> None:
    """Each trigger has a time of its own; the reconcile of an earlier time may come later."""
    second = FIRST + timedelta(days=7)
    assert records.since("sales", "s3:a/*", second) == second
    assert records.since("sales", "s3:a/*", FIRST) == FIRST
    assert records.since("sales", "s3:a/*", second) == FIRST
    later = FIRST + timedelta(days=1)
    assert records.since("sales", "s3:b/*", later) == later
    assert records.since("stock", "s3:a/*", later) == later


def test_a_job_is_among_the_unfinished_until_it_has_ended(records: BackfillRecords) -> None:
    """With how far it is; afterwards only its pipeline lists it."""
    records.write(PROGRESS)
    moved = replace(PROGRESS, objects=5, new=3)
    records.write(moved)
    assert list(records.unfinished()) == records.of("sales") == [moved]
    ended = replace(moved, objects=9, ended=True, next_at="2026-01-08T12:00:00+00:00", dry_run=True)
    records.write(ended)
    assert list(records.unfinished()) == []
    assert records.of("sales") == [ended]
    assert records.of("stock") == []


def test_an_attempt_that_follows_a_dead_one_is_unfinished_again(records: BackfillRecords) -> None:
    """A retry of a run is the same run."""
    records.write(replace(PROGRESS, ended=True))
    records.write(PROGRESS)
    assert list(records.unfinished()) == [PROGRESS]


def test_the_newest_comes_first(records: BackfillRecords) -> None:
    """By when they began, and not by the ids of their runs."""
    older = replace(PROGRESS, run_id="sales-backfill-2", began_at="2025-12-01T12:00:00.000+00:00")
    records.write(older)
    records.write(PROGRESS)
    records.since("sales", "s3:a/*", FIRST)
    assert [one.run_id for one in records.of("sales")] == ["sales-backfill-1", "sales-backfill-2"]
