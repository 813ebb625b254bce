"""A set becomes one run when it is whole, whatever comes twice, late, never or out of order."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from sluice.errors import MalformedMessageError, UnsettledError
from sluice.messages import SetDue
from sluice.sets.file_set import FileSet, SetState
from sluice.sets.ledger import SetLedger
from sluice.triggers.set_rules import SetRules
from sluice.triggers.trigger_event import S3Object
from tests.sluice.clouds import TABLE, CrashedError, CrashingClient, dynamodb, in_memory
from tests.sluice.sets.inboxes import DAY, HOURS, Sets, file, hour


@pytest.fixture
def sets() -> Iterator[Sets]:
    """Sets of 24 hours."""
    with dynamodb() as client:
        yield Sets(client)


def test_the_last_file_begins_the_run(sets: Sets) -> None:
    """With all files in the order of their keys; another day is another set."""
    for number in reversed(range(24)):
        assert not sets.asked
        sets.come(hour(number), hour(number % 3, day="2026-11-29"))
    event, keys = sets.the_run()
    assert keys == [hour(number).key for number in range(24)]
    assert (dict(event.partition), event.files, event.missing_count) == (DAY, 24, 0)
    assert event.manifest.startswith("runs/sales-")
    assert [found.name for found in SetLedger(sets.client, TABLE).unfinished()] == ["date=2026-11-29"]


def test_a_file_that_comes_twice_counts_once(sets: Sets) -> None:
    """Also side by side in one batch, and however often."""
    for _ in range(30):
        sets.come(*[hour(number) for number in range(23)] * 2)
    assert not sets.asked
    sets.come(hour(23))
    assert sets.the_run()[0].files == 24
    sets.come(*[hour(number) for number in range(24)])
    assert len(sets.asked) == 1
    assert not sets.reports


def test_of_several_versions_the_newest_counts(sets: Sets) -> None:
    """In whatever order S3 reports them."""
    sets.come(hour(0, 3), hour(0, 1))
    sets.come(hour(0, 2))
    sets.come(*[hour(number) for number in range(1, 24)])
    (event,) = sets.runs().values()
    assert sets.lists[event.manifest][0].version_id == "v3"


def test_a_burst_of_ten_thousand_each_twice_and_out_of_order_is_one_run() -> None:
    """With all, and with a few calls for thousands of files."""
    rules = SetRules(pattern="big/{date}/{part:05}.bin", of="part", expect=10_000)
    files = [file(f"big/2026-11-28/{number:05}.bin") for number in range(10_000)] * 2
    random.Random(3).shuffle(files)  # noqa: S311 - repeatable, not secret
    with dynamodb() as client:
        sets, counted = Sets(client, rules), CrashingClient(10**6)
        for start in range(0, len(files), 4_000):
            sets.come(*files[start : start + 4_000], crashing=counted)
        event, keys = sets.the_run()
        assert keys == sorted({one.key for one in files})
        assert event.files == 10_000
    assert len(counted.calls) < 80


def test_batches_side_by_side_lose_nothing() -> None:
    """Two invocations fill the same set."""
    with dynamodb() as client:
        sets = Sets(client)
        files = [hour(number) for number in range(24)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(sets.come, files))
        assert sets.the_run()[0].files == 24


@pytest.mark.parametrize("lives_for", range(1, 40))
def test_whatever_dies_there_is_one_run_with_all(lives_for: int) -> None:
    """Each invocation dies after so many calls, with the last answer lost, and its batch comes again; the
    sweep does the rest.
    """
    sets, crashing = Sets(in_memory()), CrashingClient(lives_for)
    for half in (range(12), range(12, 24)):
        files = [hour(number) for number in half]
        with suppress(CrashedError, UnsettledError):
            sets.come(*files, crashing=crashing)
        sets.come(*files)
    sets.later(600)
    sets.later(600)
    event, keys = sets.the_run()
    assert keys == [hour(number).key for number in range(24)]
    assert event.missing_count == 0
    assert sets.found().state is SetState.HANDED_OVER
    # Once it is recorded as written the list is not written again: its run may have ended, and cleaned up.
    assert sets.written <= 2


def test_a_late_set_runs_with_what_there_is(sets: Sets) -> None:
    """And its steps know what is missing."""
    sets.rules = replace(HOURS, late=6 * 3600, then="run")
    sets.come(*[hour(number) for number in range(22)])
    sets.later(6 * 3600)
    assert not sets.asked
    sets.later(120)
    event, _ = sets.the_run()
    assert (event.files, event.missing, event.missing_count) == (22, ("22", "23"), 2)
    assert "2 missing" in event.uri


def test_a_late_set_is_reported_once_and_still_becomes_whole(sets: Sets) -> None:
    """The alert names what is missing, and how to begin all the same."""
    sets.rules = replace(HOURS, late=3600)
    sets.come(*[hour(number) for number in range(23)])
    for _ in range(3):
        sets.later(3700)
    (report,) = sets.reports
    assert "1 is missing: 23" in report.text
    assert "sluice sets close sales date=2026-11-28" in report.text
    sets.come(hour(23))
    assert sets.the_run()[0].files == 24


@pytest.mark.parametrize("later", ["rerun", "alert", "ignore"])
def test_files_that_come_when_the_run_has_begun(sets: Sets, later: str) -> None:
    """Another run of the whole set, an alert, or nothing; once for each version, and never for an old one."""
    sets.rules = replace(HOURS, after=later)
    sets.come(*[hour(number, 2) for number in range(24)])
    for _ in range(3):
        sets.come(hour(5, 3), hour(6, 1))
    runs = list(sets.runs().values())
    assert [one.generation for one in runs] == ([0, 1] if later == "rerun" else [0])
    assert len(sets.reports) == (1 if later == "alert" else 0)
    if later == "rerun":
        versions = [one.version_id for one in sets.lists[runs[1].manifest]]
        assert (len(versions), versions[5], versions[6]) == (24, "v3", "v2")
    else:
        assert sets.found().after == 1


def test_an_invocation_that_is_overtaken_leaves_a_run_its_files(
    sets: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is about to write the list of a set; another one writes it meanwhile, and begins the next run for a
    file that came after (seed 971707 of the simulation).
    """
    sets.rules = replace(HOURS, after="rerun")
    sets.come(*[hour(number) for number in range(24)])
    lives_for = itertools.count(1)
    while sets.found().state is not SetState.CLOSED:
        with suppress(CrashedError):
            sets.come(hour(5, 2), crashing=CrashingClient(next(lives_for)))
    slow = sets.gatherer()
    read = slow.ledger.files

    def overtaken(found: FileSet, *given: str) -> list[S3Object]:
        monkeypatch.setattr(slow.ledger, "files", read)
        sets.come(hour(6, 2))
        return read(found, *given)

    monkeypatch.setattr(slow.ledger, "files", overtaken)
    slow.due(SetDue(pipeline="sales", trigger=f"s3-set:{HOURS.pattern}", partition=DAY))
    of = {run.generation: sets.lists[run.manifest] for run in sets.runs().values()}
    assert [[file.version_id for file in of[number][5:7]] for number in range(3)] == [
        ["v1", "v1"],
        ["v2", "v1"],
        ["v2", "v2"],
    ]


def test_a_later_file_is_reported_beside_one_that_was_reported_before(sets: Sets) -> None:
    """An invocation dies when it has reported a file and not recorded that; the file comes again with another
    one, first in its batch. The alert of both is another one, so it is sent; the same again is the same.
    """
    sets.come(*[hour(number) for number in range(24)])
    for lives_for in range(1, 12):
        with suppress(CrashedError):
            sets.come(hour(5, 2), crashing=CrashingClient(lives_for))
        if sets.reports:
            break
    sets.come(hour(5, 2), hour(6, 2))
    sets.come(hour(6, 2), hour(5, 2))
    reported = {one.event: one.text for one in sets.reports}
    assert any("05.csv" in text and "06.csv" in text for text in reported.values())
    assert sets.found().after == 2
    assert len(reported) == len(sets.reports) == 2


def test_a_person_closes_a_set(sets: Sets) -> None:
    """Once; a set that is not there, or is done, stays as it is."""
    sets.come(hour(1), hour(2))
    due = SetDue(pipeline="sales", trigger=f"s3-set:{HOURS.pattern}", partition=DAY, close=1)
    for _ in range(2):
        sets.gatherer().due(due)
    sets.gatherer().due(replace(due, partition={"date": "2026-01-01"}))
    assert sets.the_run()[0].missing_count == 22
    assert sets.found().why == "a person closed it"


def test_keys_that_belong_to_no_set_are_recorded(sets: Sets) -> None:
    """Each with its reason, where people see them."""
    sets.come(file("sales/2026-02-30/01.csv"), file("sales/x.csv"), hour(1))
    (unmatched,) = SetLedger(sets.client, TABLE).unmatched("sales")
    assert unmatched.keys == {
        "sales/2026-02-30/01.csv": "'2026-02-30' is no date",
        "sales/x.csv": f"it is no {HOURS.pattern}",
    }
    assert sets.found().events == 1


MARKED = SetRules(pattern="out/{date}/{name}.csv", marker="out/{date}/_SUCCESS")
MARKER = file("out/2026-11-28/_SUCCESS", size=0)


def test_a_marker_makes_a_set_whole_whose_event_comes_first(sets: Sets) -> None:
    """What lies in the bucket is waited for: S3's events come in any order."""
    sets.rules = MARKED
    sets.objects = {f"out/2026-11-28/{name}": b"" for name in ("a.csv", "b.csv", "_SUCCESS", "x.tmp")}
    sets.come(MARKER)
    sets.come(file("out/2026-11-28/a.csv"))
    assert not sets.asked
    sets.come(file("out/2026-11-28/b.csv"))
    _event, keys = sets.the_run()
    assert keys == ["out/2026-11-28/a.csv", "out/2026-11-28/b.csv"]


def test_without_its_marker_a_set_stays_open(sets: Sets) -> None:
    """However many files come; its files are not even read."""
    sets.rules, counted = MARKED, CrashingClient(1_000)
    for number in range(5):
        sets.come(file(f"out/2026-11-28/{number}.csv"), crashing=counted)
    assert not sets.asked
    assert counted.calls.count("query") == 10


def test_a_manifest_lists_the_files_with_sizes_and_sums(sets: Sets) -> None:
    """A file that is other than listed is missing; what it does not list is in no run."""
    sets.rules = replace(MARKED, marker="out/{date}/manifest.json", lists=True, late=60, then="alert")
    sets.objects["out/2026-11-28/manifest.json"] = (
        b'{"files": [{"name": "a.csv", "size": 3}, {"name": "b.csv", "size": 3, "md5": "AB"}]}'
    )
    sets.come(file("out/2026-11-28/manifest.json"), file("out/2026-11-28/c.csv"))
    sets.come(file("out/2026-11-28/a.csv", size=2), file("out/2026-11-28/b.csv", etag="ab"))
    assert not sets.asked
    sets.later(200)
    assert "a.csv with 3 bytes (it has 2)" in sets.reports[0].text
    sets.come(file("out/2026-11-28/a.csv", 2, size=3))
    _event, keys = sets.the_run()
    assert keys == ["out/2026-11-28/a.csv", "out/2026-11-28/b.csv"]


def test_a_manifest_says_the_sha_256_of_its_files(sets: Sets) -> None:
    """S3 is asked when all files are there: one that it has no checksum of, or another one, is missing."""
    sets.rules = replace(MARKED, marker="out/{date}/manifest.json", lists=True, late=60, then="alert")
    folder, digest = "out/2026-11-28", hashlib.sha256(b"abc").hexdigest().upper()
    sets.objects[f"{folder}/manifest.json"] = json.dumps(
        [{"name": name, "sha256": digest} for name in ("a.csv", "b.csv", "c.csv")]
    ).encode()
    sets.objects |= {f"{folder}/a.csv": b"abc", f"{folder}/b.csv": b"abd"}
    sets.come(file(f"{folder}/manifest.json"), file(f"{folder}/a.csv"), file(f"{folder}/b.csv"))
    assert sets.asked_checksums == []
    sets.come(file(f"{folder}/c.csv"))
    assert len(sets.asked_checksums) == 3
    assert not sets.asked
    sets.later(200)
    other = hashlib.sha256(b"abd").hexdigest()
    assert f"b.csv with the SHA-256 {digest} (it has {other})" in sets.reports[0].text
    assert "c.csv with the SHA-256" in sets.reports[0].text
    assert "--checksum-algorithm SHA256" in sets.reports[0].text
    sets.objects |= {f"{folder}/b.csv": b"abc", f"{folder}/c.csv": b"abc"}
    sets.come(file(f"{folder}/b.csv", 2), file(f"{folder}/c.csv", 2))
    assert len(sets.the_run()[1]) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b'{"names": []}',
        b'[{"name": "a", "size": "3"}]',
        b'[{"name": "a", "sha256": 3}]',
        b"\xff",
    ],
)
def test_a_manifest_that_is_none_is_set_aside(sets: Sets, body: bytes) -> None:
    """No repetition could help."""
    sets.rules = replace(MARKED, marker="out/{date}/manifest.json", lists=True)
    sets.objects["out/2026-11-28/manifest.json"] = body
    with pytest.raises(MalformedMessageError, match=r"manifest\.json to list files"):
        sets.come(file("out/2026-11-28/manifest.json"))


def test_a_marker_alone_is_no_run(sets: Sets) -> None:
    """Somebody is told: a run has a file at least."""
    sets.rules = MARKED
    sets.come(MARKER)
    assert not sets.asked
    assert len(sets.reports) == 1
