"""Gathering uploads: every file ends in one group, and every group in one run, whatever comes twice, late,
side by side, or dies.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sluice.errors import UnsettledError
from sluice.grouping import gathering
from sluice.grouping.gathering import BATCHING_WINDOW_SECONDS as WINDOW
from sluice.grouping.gathering import MAX_SECONDS, SWEPT_AFTER_SECONDS, Gatherer
from sluice.grouping.group import Group
from sluice.grouping.ledger import MAX_ADDED, GroupLedger
from sluice.messages import GroupDue, GroupedUpload
from sluice.triggers.trigger_event import S3Object
from tests.sluice.clouds import START, TABLE, CrashedError, CrashingClient, dynamodb, in_memory

TRIGGER = "s3-group:words/*.txt"


def upload(within: int = 60, of: int = 10_000, trigger: str = TRIGGER) -> GroupedUpload:
    """Return what the rule of a trigger sends of any file."""
    definition = {"bucket": "assets", "key": "1.json"}
    return GroupedUpload(
        pipeline="words", trigger=trigger, definition=definition, detail={}, within=within, of=of
    )


def files(count: int, start: int = 0, version: str = "v1") -> list[S3Object]:
    """Return so many files."""
    return [
        S3Object(bucket="inbox", key=f"words/{n:05d}.txt", version_id=version, etag="e", size=n)
        for n in range(start, start + count)
    ]


class Harness:
    """A ledger, a clock, the queue of reminders, which gathers for its window, and what was handed over."""

    def __init__(self, client: Any) -> None:
        """Begin at START with no group."""
        self.client, self.now = client, START
        self.reminders: list[tuple[datetime, GroupDue]] = []
        self.written: list[tuple[Group, list[S3Object]]] = []
        self.handed: list[tuple[Group, list[S3Object]]] = []
        self.ledger = GroupLedger(client, TABLE)

    def gatherer(self, crashing: CrashingClient | None = None) -> Gatherer:
        """Return a gatherer, whose calls may end early."""

        def remind(message: GroupDue, seconds: int) -> None:
            assert 0 <= seconds <= MAX_SECONDS
            self._call(
                crashing,
                "remind",
                lambda: self.reminders.append((self.now + timedelta(seconds=seconds + WINDOW), message)),
            )

        def write(group: Group, found: Sequence[S3Object]) -> None:
            self._call(crashing, "write", lambda: self.written.append((group, list(found))))

        def ask(group: Group, found: Sequence[S3Object]) -> None:
            assert (group.run_id, list(found)) in [(one.run_id, listed) for one, listed in self.written]
            self._call(crashing, "ask", lambda: self.handed.append((group, list(found))))

        ledger = GroupLedger(crashing.wrap(self.client) if crashing else self.client, TABLE)
        return Gatherer(
            ledger=ledger, remind=remind, write=write, ask=ask, now=lambda: self.now, sleep=lambda _: None
        )

    @staticmethod
    def _call(crashing: CrashingClient | None, name: str, function: Callable[[], None]) -> None:
        if crashing:
            crashing.call(name, function)
        else:
            function()

    def later(self, seconds: float) -> None:
        """Let time pass, and hand over the reminders that fall due meanwhile."""
        end = self.now + timedelta(seconds=seconds)
        while due := sorted((one for one in self.reminders if one[0] <= end), key=lambda one: one[0]):
            self.now = max(self.now, due[0][0])
            self.reminders.remove(due[0])
            self.gatherer().due(due[0][1])
        self.now = end

    def runs(self) -> dict[str, list[str]]:
        """Return the keys of each run that was asked for; asked for twice it must be the same."""
        found: dict[str, list[str]] = {}
        for group, there in self.handed:
            keys = [f"{file.key} {file.version_id}" for file in there]
            assert found.setdefault(group.run_id, keys) == keys
        return found

    def assert_each_once(self, expected: Sequence[S3Object]) -> None:
        """Fail unless every file is in exactly one run."""
        keys = Counter(key for run in self.runs().values() for key in run)
        assert keys == Counter(f"{file.key} {file.version_id}" for file in expected)


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger."""
    with dynamodb() as client:
        yield Harness(client)


def test_a_burst_is_one_run_of_all_its_files_in_the_order_of_their_keys(harness: Harness) -> None:
    """They come in any order and in several batches; the run begins when the time is over, and not before."""
    burst = files(25)
    harness.gatherer().gather(upload(), burst[20:])
    harness.later(20)
    harness.gatherer().gather(upload(), burst[:20][::-1])
    harness.later(39)
    assert harness.handed == []
    harness.later(3)
    [(group, found)] = harness.handed
    assert found == burst
    assert (group.name, group.files) == (f"{START.isoformat(timespec='milliseconds')}-1", 25)


@pytest.mark.parametrize("within", [1, 3, WINDOW, 10, 60, MAX_SECONDS])
def test_a_run_begins_when_the_group_has_been_open_for_as_long_as_it_says(
    harness: Harness, within: int
) -> None:
    """Though its first file and its reminder each waited in a batch of the queue."""
    sent = harness.now
    harness.later(WINDOW)
    harness.gatherer().gather(upload(within=within), files(3), since=sent)
    while not harness.handed:
        harness.later(0.5)
    waited = (harness.now - sent).total_seconds()
    assert max(within, WINDOW) <= waited <= max(within, WINDOW) + 2


def test_files_that_an_outage_kept_back_are_gathered_when_they_come(harness: Harness) -> None:
    """They would each be a run of their own, if their groups were over before they began."""
    harness.later(3600)
    for start in range(0, 30, 10):
        harness.gatherer().gather(upload(within=20), files(10, start), since=START)
        harness.later(2)
    harness.later(20)
    assert [len(keys) for keys in harness.runs().values()] == [30]


def test_a_reminder_that_came_early_is_sent_again(harness: Harness) -> None:
    """A full batch took it along; what is not due is not handed over, and not forgotten."""
    harness.gatherer().gather(upload(within=20), files(1))
    [(_, reminder)] = harness.reminders
    harness.reminders.clear()
    harness.later(16)
    harness.gatherer().due(reminder)
    assert harness.handed == []
    harness.later(7)
    harness.assert_each_once(files(1))


def test_a_full_group_does_not_wait(harness: Harness) -> None:
    """25 files in groups of 10 are two runs at once, and one when the time is over."""
    harness.gatherer().gather(upload(of=10), files(25))
    assert [len(keys) for keys in harness.runs().values()] == [10, 10]
    harness.later(62)
    assert sorted(len(keys) for keys in harness.runs().values()) == [5, 10, 10]
    harness.assert_each_once(files(25))


def test_late_files_open_the_next_group(harness: Harness) -> None:
    """Also when the reminder of the first is late: a group takes nothing when its time is over."""
    harness.gatherer().gather(upload(), files(3))
    harness.now += timedelta(seconds=61)
    harness.gatherer().gather(upload(), files(2, start=3))
    assert [len(keys) for keys in harness.runs().values()] == [3]
    harness.later(70)
    assert [len(keys) for keys in harness.runs().values()] == [3, 2]


@pytest.mark.parametrize("when", [0, 30, 100, 86_400])
def test_a_file_that_is_told_twice_is_in_one_run(harness: Harness, when: int) -> None:
    """In the same batch, in the open group, after it was closed, a day later; together with new ones."""
    assert harness.gatherer().gather(upload(), [*files(3), *files(3)]) == 3
    harness.later(when)
    assert harness.gatherer().gather(upload(), [*files(2), *files(4, start=1)]) == 2
    harness.later(120)
    harness.assert_each_once(files(5))
    assert len(harness.runs()) == (1 if when < 60 else 2)


def test_only_known_files_open_no_group(harness: Harness) -> None:
    """Nothing is handed over for them."""
    harness.gatherer().gather(upload(), files(3))
    harness.later(100)
    assert harness.gatherer().gather(upload(), files(3)) == 0
    harness.later(100)
    assert len(harness.handed) == 1
    assert harness.reminders == []


def test_a_version_without_an_order_is_chosen_by_its_id(harness: Harness) -> None:
    """One of two is in the run, the same one however they came."""
    harness.gatherer().gather(upload(), [*files(1, version="v2"), *files(1)])
    harness.later(62)
    assert [file.version_id for file in harness.handed[0][1]] == ["v2"]


def test_triggers_have_groups_of_their_own(harness: Harness) -> None:
    """The same file may even be in both."""
    for trigger in (TRIGGER, "s3-group:words/*"):
        harness.gatherer().gather(upload(trigger=trigger), files(2))
    harness.later(62)
    assert [group.trigger for group, _ in harness.handed] == [TRIGGER, "s3-group:words/*"]
    assert len(harness.runs()) == 2


def test_a_group_keeps_what_it_was_opened_with(harness: Harness) -> None:
    """A deploy in between changes neither how long it waits nor what it runs."""
    harness.gatherer().gather(upload(within=100), files(1))
    later = replace(upload(within=5, of=1), definition={"bucket": "assets", "key": "2.json"})
    harness.gatherer().gather(later, files(1, start=1))
    harness.later(99)
    assert harness.handed == []
    harness.later(3)
    [(group, found)] = harness.handed
    assert (len(found), group.definition["key"]) == (2, "1.json")


def test_a_group_may_stay_open_as_long_as_sqs_keeps_a_message_back(harness: Harness) -> None:
    """The reminder of 15 minutes comes a little early, and is sent again."""
    harness.gatherer().gather(upload(within=MAX_SECONDS), files(1))
    harness.later(MAX_SECONDS - 1)
    assert harness.handed == []
    harness.later(3)
    harness.assert_each_once(files(1))


def test_a_reminder_of_a_group_that_was_never_opened_is_nothing(harness: Harness) -> None:
    """Whoever sent it died before it opened the group, or somebody was faster."""
    harness.gatherer().due(GroupDue(pipeline="words", trigger=TRIGGER, number=7))
    assert (harness.handed, harness.reminders) == ([], [])


def test_the_sweep_finds_a_group_whose_reminder_was_lost(harness: Harness) -> None:
    """It leaves those alone that are not due for long."""
    harness.gatherer().gather(upload(), files(3))
    harness.reminders.clear()
    harness.now += timedelta(seconds=60 + SWEPT_AFTER_SECONDS - 1)
    harness.gatherer().sweep()
    assert harness.reminders == []
    harness.now += timedelta(seconds=2)
    harness.gatherer().sweep()
    harness.later(WINDOW)
    harness.assert_each_once(files(3))
    harness.now += timedelta(days=1)
    harness.gatherer().sweep()
    assert harness.reminders == []


def test_files_that_a_query_does_not_show_yet_are_waited_for(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group knows how many it has; a list that is short is no list."""
    gatherer = harness.gatherer()
    gatherer.gather(upload(), files(15))
    real, short = GroupLedger.files, [1]
    monkeypatch.setattr(
        GroupLedger, "files", lambda self, group: real(self, group)[: 5 if short and short.pop() else None]
    )
    harness.later(62)
    harness.assert_each_once(files(15))
    monkeypatch.setattr(GroupLedger, "files", lambda self, group: [])
    harness.gatherer().gather(upload(), files(1, start=15))
    with pytest.raises(UnsettledError, match="Expected 1 file of group"):
        harness.later(62)


@pytest.mark.parametrize("of", [10_000, 9])
def test_gatherers_side_by_side_put_each_file_into_one_group(harness: Harness, of: int) -> None:
    """Four of them, each with some of the others' files; no group is larger than it may be."""
    barrier, errors = threading.Barrier(4), []

    def gather(start: int) -> None:
        barrier.wait(10)
        for _ in range(5):
            try:
                harness.gatherer().gather(upload(of=of), files(12, start=start))
            except UnsettledError:
                continue
            except Exception as error:  # noqa: BLE001 - it fails the test in the test's own thread
                errors.append(error)
            return

    threads = [threading.Thread(target=gather, args=(8 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    harness.later(62)
    harness.assert_each_once(files(36))
    assert max(len(keys) for keys in harness.runs().values()) <= of
    assert len(harness.runs()) == -(-36 // of)


def test_two_that_fill_a_group_together_leave_it_to_the_last(harness: Harness) -> None:
    """Neither adds the last file as it knows the group, yet it does not wait until its time is over."""
    first, second = harness.gatherer(), harness.gatherer()
    first.gather(upload(of=10), files(4))
    stale = harness.ledger.newest("words", TRIGGER)
    assert stale is not None
    second.ledger.add(stale, files(6, start=4), stale.opened_at)
    first.gather(upload(of=10), files(4))
    harness.assert_each_once(files(10))


def all_is_gathered(
    harness: Harness, crashing: CrashingClient | None, burst: Sequence[S3Object], of: int
) -> None:
    """Do what the Lambda does from the first file to the run, as far as its messages tell it to."""
    gatherer = harness.gatherer(crashing)
    gatherer.gather(upload(of=of), burst[: len(burst) // 2])
    gatherer.gather(upload(of=of), burst[len(burst) // 2 :])
    harness.now += timedelta(seconds=61)
    for number in range(1, 4):
        gatherer.due(GroupDue(pipeline="words", trigger=TRIGGER, number=number))


BURST = files(13)


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a transaction take five files: moto copies its table for each, and every path is gone all the
    same.
    """
    monkeypatch.setattr(gathering, "MAX_ADDED", 5)


def calls_of(of: int) -> list[str]:
    """Return the calls of a burst that nothing disturbs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering, "MAX_ADDED", 5)
        crashing = CrashingClient(10_000)
        all_is_gathered(Harness(in_memory()), crashing, BURST, of)
        return crashing.calls


CALLS = [(of, number, name) for of in (10_000, 7) for number, name in enumerate(calls_of(of), start=1)]


@pytest.mark.parametrize(
    ("of", "number"), [call[:2] for call in CALLS], ids=["-".join(map(str, call)) for call in CALLS]
)
def test_a_lambda_that_dies_at_any_call_loses_nothing_and_tells_nothing_twice(of: int, number: int) -> None:
    """Every call is a case: it takes effect, its answer is lost, and the process is gone; its messages come
    again after a while.
    """
    harness = Harness(in_memory())
    with pytest.raises(CrashedError):
        all_is_gathered(harness, CrashingClient(number), BURST, of)
    harness.later(360)
    harness.gatherer().gather(upload(of=of), BURST[::-1])
    harness.later(120)
    harness.gatherer().sweep()
    harness.later(120)
    harness.assert_each_once(BURST)
    assert list(harness.ledger.unfinished()) == []


@pytest.mark.parametrize(
    ("of", "number"), [call[:2] for call in CALLS], ids=["-".join(map(str, call)) for call in CALLS]
)
def test_a_lambda_that_dies_is_made_good_by_the_sweep_alone(of: int, number: int) -> None:
    """Every reminder is lost too; what was put into a group is in a run."""
    harness = Harness(in_memory())
    with suppress(CrashedError):
        all_is_gathered(harness, CrashingClient(number), BURST, of)
    harness.reminders.clear()
    harness.now += timedelta(seconds=300)
    harness.gatherer().sweep()
    harness.later(WINDOW)
    listed = [
        file
        for number in range(1, 4)
        if (group := harness.ledger.load("words", TRIGGER, number))
        for file in harness.ledger.files(group)
    ]
    harness.assert_each_once(listed)
    assert list(harness.ledger.unfinished()) == []


@pytest.mark.parametrize("calls", [4, 5, 6, 7])
def test_a_list_is_not_written_again_once_its_run_has_been_asked_for(harness: Harness, calls: int) -> None:
    """The run may have ended meanwhile, and nobody would remove what is written behind its cleanup."""
    harness.gatherer().gather(upload(), files(3))
    ((_, reminder),) = harness.reminders
    harness.now += timedelta(seconds=61)
    with suppress(CrashedError):
        harness.gatherer(CrashingClient(calls)).due(reminder)
    asked, written = len(harness.handed), len(harness.written)
    harness.gatherer().due(reminder)
    harness.assert_each_once(files(3))
    assert len(harness.written) == written if asked else len(harness.written) >= 1


def test_a_burst_costs_a_call_for_each_98_files(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """And three for each batch and each group: nothing is called for each file."""
    monkeypatch.setattr(gathering, "MAX_ADDED", MAX_ADDED)
    crashing, burst = CrashingClient(10_000), files(240)
    for start in (0, 120):
        harness.gatherer(crashing).gather(upload(of=240), burst[start : start + 120])
    adding, looks, closing = (
        2 * -(-120 // MAX_ADDED),
        2 * 2,
        {"query": 2, "update_item": 3, "remind": 1, "write": 1, "ask": 1},
    )
    assert Counter(crashing.calls) == Counter(closing) + Counter(transact_write_items=adding, query=looks)
    [(_, found)] = harness.handed
    assert found == burst


def test_a_group_holds_the_newest_version_of_each_key() -> None:
    """Events come out of order, also in batches of their own: the sequencer decides, and the files are
    counted as the group holds them.
    """
    newer = [replace(file, sequencer="0055AED6DC028") for file in files(3, version="new")]
    older = [replace(file, sequencer="0055AED6DC") for file in files(3, version="old")]
    with dynamodb() as client:
        harness = Harness(client)
        harness.gatherer().gather(upload(of=6), newer)
        harness.gatherer().gather(upload(of=6), older)
        [(group, handed)] = harness.handed
    assert [file.version_id for file in handed] == ["new"] * 3
    assert group.trigger_message(handed, "work").detail["files"] == 3
