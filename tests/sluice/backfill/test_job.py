"""The job of a backfill: what a schedule reconciles, and what a person asked for; killed anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from sluice.backfill import job as job_module
from sluice.backfill.asked import NothingTakenError
from sluice.backfill.inventory.report import InventoryError
from sluice.backfill.job import RECONCILED_FOR, BackfillJob, Reconcile
from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.backfill.sources import Source, source_of
from sluice.backfill.starting import GATHERED_AT_A_TIME
from sluice.backfill.target import Target
from tests.sluice.backfill.fake_bucket import START, Bucket
from tests.sluice.backfill.inventory.written import (
    CONFIGURATION,
    CURRENT,
    DESTINATION,
    Buckets,
    row,
    write_report,
)
from tests.sluice.backfill.test_starting import KilledError, World, keys
from tests.sluice.backfill.test_target import target

TRIGGER = target().trigger
INPUT = Reconcile(triggers=(TRIGGER,), every="7d", min_age="15m").to_dict()
A_PAGE = 1000
DEPLOYED = START + timedelta(seconds=100)


class Reported:
    """A client of S3: the calls that read go to the bucket of reports, as do the listings of folders."""

    def __init__(self, bucket: Bucket, reports: Buckets) -> None:
        """Have both."""
        self.get_bucket_versioning, self.get_object = bucket.get_bucket_versioning, reports.get_object
        self._bucket, self._reports = bucket, reports

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """List one of them."""
        of = self._reports if request["Bucket"] == DESTINATION else self._bucket
        return of.list_objects_v2(**request)


class Backfills:
    """Jobs over a world whose objects were stored a second apart."""

    def __init__(self, objects: int, *targets: Target) -> None:
        """Have so many objects."""
        self.world, self.targets = World(keys(objects)), targets or (target(),)
        self.now, self.paused = DEPLOYED + timedelta(days=7), False
        self.reports = Buckets()

    def job(self) -> BackfillJob:
        """Return a job."""
        return BackfillJob(
            run_id="sales-backfill-1",
            targets=self.targets,
            records=BackfillRecords(self.world, "ledger"),
            starter_of=lambda _: self.world.singles(),
            source_of=self._source_of,
            is_paused=lambda: self.paused,
            now=lambda: self.now,
        )

    def deployed(self, at: datetime) -> None:
        """Let a first reconcile have been at a time, when there was nothing yet."""
        BackfillRecords(self.world, "ledger").since("sales", TRIGGER, at)
        self.world.calls.clear()

    def reconcile(self, at: datetime | None = None, given: Any = None) -> BackfillProgress:
        """Reconcile as of a scheduled time."""
        return self.job().reconcile(INPUT if given is None else given, at or self.now)

    def _source_of(self, targets: Sequence[Target], place: str | None) -> Source:
        s3: Any = self.world.bucket if place is None else Reported(self.world.bucket, self.reports)
        return source_of(s3, targets, place)

    @property
    def begun(self) -> list[str]:
        """Return the keys of the objects whose runs were requested."""
        return [message["detail"]["object"]["key"] for message in self.world.sent]


def test_what_came_since_the_first_reconcile_is_found_and_what_was_there_before_is_not() -> None:
    """The first one finds nothing, whatever is there; its time counts, however late it begins."""
    found = Backfills(300)
    found.now = DEPLOYED + timedelta(minutes=1)
    assert found.reconcile(DEPLOYED).objects == 0
    found.now = DEPLOYED + timedelta(days=7)
    done = found.reconcile()
    assert (done.objects, done.new, done.ended) == (200, 200, True)
    assert found.begun == keys(300)[100:]
    assert done.next_at == (found.now + timedelta(days=7)).isoformat()
    found.now += timedelta(days=7)
    assert (found.reconcile().new, len(found.begun)) == (0, 200)


def test_a_first_reconcile_that_comes_behind_the_second_has_its_objects_found() -> None:
    """An outage held its message back (seed 970257 of the simulation): what came in between is not lost."""
    found = Backfills(300)
    found.now = DEPLOYED + timedelta(days=7)
    assert found.reconcile().objects == 0
    assert found.reconcile(DEPLOYED).new == 200
    assert found.begun == keys(300)[100:]


def test_the_youngest_objects_are_left_to_their_events() -> None:
    """For a quarter of an hour, as the input says."""
    found = Backfills(3000)
    found.deployed(START)
    found.now = START + timedelta(minutes=15, seconds=10)
    assert found.reconcile().objects == 10


def test_the_oldest_objects_are_left_to_people() -> None:
    """The ledger has forgotten their runs: all of them would count as new."""
    found = Backfills(100)
    found.deployed(START)
    found.now = START + RECONCILED_FOR + timedelta(seconds=40)
    assert found.reconcile().new == 60
    found.now += timedelta(days=7)
    assert found.reconcile().objects == 0


def test_only_triggers_that_the_schedule_names_are_reconciled() -> None:
    """Another one of the pipeline has another interval, or none."""
    found = Backfills(10, target(trigger="s3://landing/other/*.csv"))
    assert found.reconcile(START).objects == 0
    assert found.world.bucket.calls["list"] == 0


def test_while_the_pipeline_is_paused_nothing_is_listed_and_its_first_time_counts() -> None:
    """Each object would be kept, one by one."""
    found = Backfills(50)
    found.paused = True
    assert "paused" in found.reconcile(START).about
    with pytest.raises(NothingTakenError, match="sluice unpause sales"):
        found.job().do({})
    assert found.job().do({"dry_run": True}).new == 50
    found.paused = False
    assert found.reconcile().new == 50


@pytest.mark.parametrize(
    "given", [None, {}, {"triggers": ["a"], "every": "soon", "min_age": "15m"}, {"triggers": 5}]
)
def test_an_input_of_another_schedule_is_refused(given: Any) -> None:
    """Nothing is recorded."""
    found = Backfills(1)
    with pytest.raises(NothingTakenError, match=r"reconcile|durations"):
        found.job().reconcile(given, START)
    assert found.world.calls.total() == 0


def test_what_a_person_asks_for_is_done_or_only_counted() -> None:
    """With no regard to since when the pipeline is reconciled."""
    found = Backfills(50)
    counted = found.job().do({"dry_run": True, "until": (START + timedelta(seconds=20)).isoformat()})
    assert (counted.objects, counted.new, counted.dry_run, found.begun) == (20, 20, True, [])
    done = found.job().do({"place": "s3://landing/sales/", "max_concurrency": 2})
    assert (done.objects, done.new, done.about) == (50, 50, "s3://landing/sales/*.csv")
    assert {message["definition"]["max_concurrent_runs"] for message in found.world.sent} == {2}
    with pytest.raises(NothingTakenError, match="of which none takes anything"):
        found.job().do({"place": "s3://elsewhere/"})


def test_the_progress_is_written_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not more often than every five seconds, whatever the number of triggers."""
    monkeypatch.setattr(job_module, "WRITTEN_EVERY", timedelta(0))
    found = Backfills(GATHERED_AT_A_TIME + 5, target(), target(trigger="s3://landing/s*", prefix="s"))
    seen: list[tuple[int, int]] = []
    real = BackfillRecords.write

    def write(records: BackfillRecords, progress: BackfillProgress) -> None:
        seen.append((progress.objects, progress.new))
        real(records, progress)

    monkeypatch.setattr(BackfillRecords, "write", write)
    found.job().do({})
    whole = GATHERED_AT_A_TIME + 5
    assert (seen[0], seen[-2:]) == ((0, 0), [(2 * whole, 2 * whole)] * 2)
    assert seen == sorted(seen)
    assert (whole, whole) in seen
    assert max(after[0] - before[0] for before, after in pairwise(seen)) <= GATHERED_AT_A_TIME + A_PAGE


@pytest.mark.parametrize("kill_at", range(1, 9))
def test_killed_at_any_call_and_begun_again_each_object_has_one_run(kill_at: int) -> None:
    """The next attempt has the same scheduled time, whether or not since when was recorded before."""
    found = Backfills(40)
    found.world.kill_at, real = kill_at, found.world.send_message_batch

    def send(**request: Any) -> dict[str, Any]:
        answer = real(**request)
        if found.world.calls.total() == found.world.kill_at:
            raise KilledError
        return answer

    found.world.send_message_batch = send  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        found.reconcile(START)
    found.world.kill_at = None
    found.reconcile(START)
    assert sorted(found.begun) == keys(40)
    (job,) = BackfillRecords(found.world, "ledger").of("sales")
    assert job.ended


REPORTS = f"s3://{DESTINATION}/{CONFIGURATION}"


def reported(objects: int, *gone: str, **given: Any) -> Backfills:
    """Return a backfill whose bucket has a report of its objects, and of some that are gone."""
    found = Backfills(objects, target(inventory=REPORTS, **given))
    rows = [
        row(str(one["Key"]), ETag=str(one["ETag"]).strip('"'), LastModifiedDate=one["LastModified"])
        for one in found.world.bucket.found
    ]
    parts = [rows[: objects // 2], [*rows[objects // 2 :], *(row(key) for key in gone)]]
    write_report(found.reports, parts, fields=CURRENT)
    return found


def test_a_job_takes_the_objects_of_a_report_and_says_which_are_gone() -> None:
    """Of its folder the newest; what it looks up is a listing of one key."""
    found = reported(30, "sales/gone.csv")
    done = found.job().do({"inventory": REPORTS})
    assert (done.objects, done.new, done.gone, done.ended) == (31, 30, 1, True)
    assert done.about.startswith(f"s3://landing/sales/*.csv of {REPORTS}2026-11-28T01-00Z/manifest.json")
    assert sorted(found.begun) == keys(30)
    assert [one.gone for one in BackfillRecords(found.world, "ledger").of("sales")] == [1]
    assert found.job().do({"inventory": REPORTS, "dry_run": True}).new == 0


@pytest.mark.parametrize("kill_at", range(1, 9))
def test_killed_over_a_report_and_begun_again_each_object_has_one_run(kill_at: int) -> None:
    """The next attempt reads the report from its first row on."""
    found = reported(40, "sales/gone.csv")
    found.world.kill_at = kill_at
    with suppress(KilledError):
        found.job().do({"inventory": REPORTS})
    found.world.kill_at = None
    found.job().do({"inventory": REPORTS})
    assert sorted(found.begun) == keys(40)


@pytest.mark.parametrize(
    ("declared", "place", "says"),
    [
        ("", f"{REPORTS}2026-11-28T01-00Z/manifest.json", f'inventory="{REPORTS}"'),
        ("", f"{REPORTS}2026-11-28T01-00Z/", f'inventory="{REPORTS}"'),
        ("", REPORTS.rstrip("/"), f'inventory="{REPORTS}"'),
        (REPORTS, f"s3://{DESTINATION}/all/", f"may read \\({REPORTS}\\)"),
        (REPORTS, f"s3://{DESTINATION}", 'inventory="s3://reports/prefix/source-bucket/configuration/"'),
        (REPORTS, "reports/all/", "a place such as s3://bucket/prefix"),
    ],
)
def test_a_report_that_the_job_may_not_read_is_refused_with_what_to_write(
    declared: str, place: str, says: str
) -> None:
    """Before anything is read, or recorded."""
    found = Backfills(1, target(inventory=declared))
    with pytest.raises(NothingTakenError, match=says):
        found.job().do({"inventory": place})
    assert found.world.calls.total() == 0


def test_a_report_that_cannot_be_used_fails_the_job_before_anything_starts() -> None:
    """Of another bucket, or not there."""
    found = reported(3)
    write_report(found.reports, [[]], fields=CURRENT, sourceBucket="elsewhere")
    with pytest.raises(InventoryError, match="a report of the bucket landing, found one of elsewhere"):
        found.job().do({"inventory": REPORTS})
    with pytest.raises(InventoryError, match="found nothing in"):
        found.job().do({"inventory": f"{REPORTS}2026-01-01T00-00Z/"})
    assert found.world.calls.total() == 0
