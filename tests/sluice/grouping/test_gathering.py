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
from sluice.grouping.gathering import MAX_SECONDS, SWEPT_AFTER_SECONDS, Gatherer
from sluice.grouping.group import Group
from sluice.grouping.ledger import MAX_ADDED, GroupLedger
from sluice.messages import GroupDue, GroupedUpload
from sluice.triggers.trigger_event import S3Object
from tests.sluice.clouds import START, TABLE, DeadError, Mortal, dynamodb

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


class World:
    """A ledger, a clock, the queue of reminders and what was handed over."""

    def __init__(self, client: Any) -> None:
        """Begin at START with no group."""
        self.client, self.now = client, START
        self.reminders: list[tuple[datetime, GroupDue]] = []
        self.written: list[tuple[Group, list[S3Object]]] = []
        self.handed: list[tuple[Group, list[S3Object]]] = []
        self.ledger = GroupLedger(client, TABLE)

    def gatherer(self, mortal: Mortal | None = None) -> Gatherer:
        """Return a gatherer, whose calls may end early."""

        def remind(message: GroupDue, seconds: int) -> None:
            assert 0 <= seconds <= MAX_SECONDS
            self._call(
                mortal,
                "remind",
                lambda: self.reminders.append((self.now + timedelta(seconds=seconds), message)),
            )

        def write(group: Group, found: Sequence[S3Object]) -> None:
            self._call(mortal, "write", lambda: self.written.append((group, list(found))))

        def ask(group: Group, found: Sequence[S3Object]) -> None:
            assert (group.run_id, list(found)) in [(one.run_id, listed) for one, listed in self.written]
            self._call(mortal, "ask", lambda: self.handed.append((group, list(found))))

        ledger = GroupLedger(mortal.wrap(self.client) if mortal else self.client, TABLE)
        return Gatherer(
            ledger=ledger, remind=remind, write=write, ask=ask, now=lambda: self.now, sleep=lambda _: None
        )

    @staticmethod
    def _call(mortal: Mortal | None, name: str, function: Callable[[], None]) -> None:
        if mortal:
            mortal.call(name, function)
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
def world() -> Iterator[World]:
    """A fresh ledger."""
    with dynamodb() as client:
        yield World(client)


def test_a_burst_is_one_run_of_all_its_files_in_the_order_of_their_keys(world: World) -> None:
    """They come in any order and in several batches; the run begins when the time is over, and not before."""
    burst = files(25)
    world.gatherer().gather(upload(), burst[20:])
    world.later(20)
    world.gatherer().gather(upload(), burst[:20][::-1])
    world.later(39)
    assert world.handed == []
    world.later(3)
    [(group, found)] = world.handed
    assert found == burst
    assert (group.name, group.files) == (f"{START.isoformat(timespec='milliseconds')}-1", 25)


def test_a_full_group_does_not_wait(world: World) -> None:
    """25 files in groups of 10 are two runs at once, and one when the time is over."""
    world.gatherer().gather(upload(of=10), files(25))
    assert [len(keys) for keys in world.runs().values()] == [10, 10]
    world.later(62)
    assert sorted(len(keys) for keys in world.runs().values()) == [5, 10, 10]
    world.assert_each_once(files(25))


def test_late_files_open_the_next_group(world: World) -> None:
    """Also when the reminder of the first is late: a group takes nothing when its time is over."""
    world.gatherer().gather(upload(), files(3))
    world.now += timedelta(seconds=61)
    world.gatherer().gather(upload(), files(2, start=3))
    assert [len(keys) for keys in world.runs().values()] == [3]
    world.later(70)
    assert [len(keys) for keys in world.runs().values()] == [3, 2]


@pytest.mark.parametrize("when", [0, 30, 100, 86_400])
def test_a_file_that_is_told_twice_is_in_one_run(world: World, when: int) -> None:
    """In the same batch, in the open group, after it was closed, a day later; together with new ones."""
    assert world.gatherer().gather(upload(), [*files(3), *files(3)]) == 3
    world.later(when)
    assert world.gatherer().gather(upload(), [*files(2), *files(4, start=1)]) == 2
    world.later(120)
    world.assert_each_once(files(5))
    assert len(world.runs()) == (1 if when < 60 else 2)


def test_only_known_files_open_no_group(world: World) -> None:
    """Nothing is handed over for them."""
    world.gatherer().gather(upload(), files(3))
    world.later(100)
    assert world.gatherer().gather(upload(), files(3)) == 0
    world.later(100)
    assert len(world.handed) == 1
    assert world.reminders == []


def test_a_new_version_of_a_file_is_another_item(world: World) -> None:
    """Both are in the run, in an order that does not change."""
    world.gatherer().gather(upload(), [*files(1, version="v2"), *files(1)])
    world.later(62)
    assert [file.version_id for file in world.handed[0][1]] == ["v1", "v2"]


def test_triggers_have_groups_of_their_own(world: World) -> None:
    """The same file may even be in both."""
    for trigger in (TRIGGER, "s3-group:words/*"):
        world.gatherer().gather(upload(trigger=trigger), files(2))
    world.later(62)
    assert [group.trigger for group, _ in world.handed] == [TRIGGER, "s3-group:words/*"]
    assert len(world.runs()) == 2


def test_a_group_keeps_what_it_was_opened_with(world: World) -> None:
    """A deploy in between changes neither how long it waits nor what it runs."""
    world.gatherer().gather(upload(within=100), files(1))
    later = replace(upload(within=5, of=1), definition={"bucket": "assets", "key": "2.json"})
    world.gatherer().gather(later, files(1, start=1))
    world.later(99)
    assert world.handed == []
    world.later(3)
    [(group, found)] = world.handed
    assert (len(found), group.definition["key"]) == (2, "1.json")


def test_a_group_may_stay_open_as_long_as_sqs_keeps_a_message_back(world: World) -> None:
    """The reminder of 15 minutes comes a little early, and is sent again."""
    world.gatherer().gather(upload(within=MAX_SECONDS), files(1))
    world.later(MAX_SECONDS - 1)
    assert world.handed == []
    world.later(3)
    world.assert_each_once(files(1))


def test_a_reminder_of_a_group_that_was_never_opened_is_nothing(world: World) -> None:
    """Whoever sent it died before it opened the group, or somebody was faster."""
    world.gatherer().due(GroupDue(pipeline="words", trigger=TRIGGER, number=7))
    assert (world.handed, world.reminders) == ([], [])


def test_the_sweep_finds_a_group_whose_reminder_was_lost(world: World) -> None:
    """It leaves those alone that are not due for long."""
    world.gatherer().gather(upload(), files(3))
    world.reminders.clear()
    world.now += timedelta(seconds=60 + SWEPT_AFTER_SECONDS - 1)
    world.gatherer().sweep()
    assert world.reminders == []
    world.now += timedelta(seconds=2)
    world.gatherer().sweep()
    world.later(1)
    world.assert_each_once(files(3))
    world.now += timedelta(days=1)
    world.gatherer().sweep()
    assert world.reminders == []


def test_files_that_a_query_does_not_show_yet_are_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group knows how many it has; a list that is short is no list."""
    gatherer = world.gatherer()
    gatherer.gather(upload(), files(15))
    real, short = GroupLedger.files, [1]
    monkeypatch.setattr(
        GroupLedger, "files", lambda self, group: real(self, group)[: 5 if short and short.pop() else None]
    )
    world.later(62)
    world.assert_each_once(files(15))
    monkeypatch.setattr(GroupLedger, "files", lambda self, group: [])
    world.gatherer().gather(upload(), files(1, start=15))
    with pytest.raises(UnsettledError, match="Expected 1 files of group"):
        world.later(62)


@pytest.mark.parametrize("of", [10_000, 9])
def test_gatherers_side_by_side_put_each_file_into_one_group(world: World, of: int) -> None:
    """Four of them, each with some of the others' files; no group is larger than it may be."""
    barrier, errors = threading.Barrier(4), []

    def gather(start: int) -> None:
        barrier.wait(10)
        for _ in range(5):
            try:
                world.gatherer().gather(upload(of=of), files(12, start=start))
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
    world.later(62)
    world.assert_each_once(files(36))
    assert max(len(keys) for keys in world.runs().values()) <= of
    assert len(world.runs()) == -(-36 // of)


def test_two_that_fill_a_group_together_leave_it_to_the_last(world: World) -> None:
    """Neither adds the last file as it knows the group, yet it does not wait until its time is over."""
    first, second = world.gatherer(), world.gatherer()
    first.gather(upload(of=10), files(4))
    stale = world.ledger.newest("words", TRIGGER)
    assert stale is not None
    second.ledger.add(stale, files(6, start=4), stale.opened_at)
    first.gather(upload(of=10), files(4))
    world.assert_each_once(files(10))


def all_is_gathered(world: World, mortal: Mortal | None, burst: Sequence[S3Object], of: int) -> None:
    """Do what the Lambda does from the first file to the run, as far as its messages tell it to."""
    gatherer = world.gatherer(mortal)
    gatherer.gather(upload(of=of), burst[: len(burst) // 2])
    gatherer.gather(upload(of=of), burst[len(burst) // 2 :])
    world.now += timedelta(seconds=61)
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
    with dynamodb() as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering, "MAX_ADDED", 5)
        mortal = Mortal(10_000)
        all_is_gathered(World(client), mortal, BURST, of)
        return mortal.calls


CALLS = [(of, number, name) for of in (10_000, 7) for number, name in enumerate(calls_of(of), start=1)]


@pytest.mark.parametrize(
    ("of", "number"), [call[:2] for call in CALLS], ids=["-".join(map(str, call)) for call in CALLS]
)
def test_a_lambda_that_dies_at_any_call_loses_nothing_and_tells_nothing_twice(
    world: World, of: int, number: int
) -> None:
    """Every call is a case: it takes effect, its answer is lost, and the process is gone; its messages come
    again after a while.
    """
    with pytest.raises(DeadError):
        all_is_gathered(world, Mortal(number), BURST, of)
    world.later(360)
    world.gatherer().gather(upload(of=of), BURST[::-1])
    world.later(120)
    world.gatherer().sweep()
    world.later(120)
    world.assert_each_once(BURST)
    assert list(world.ledger.unfinished()) == []


@pytest.mark.parametrize(
    ("of", "number"), [call[:2] for call in CALLS], ids=["-".join(map(str, call)) for call in CALLS]
)
def test_a_lambda_that_dies_is_made_good_by_the_sweep_alone(world: World, of: int, number: int) -> None:
    """Every reminder is lost too; what was put into a group is in a run."""
    with suppress(DeadError):
        all_is_gathered(world, Mortal(number), BURST, of)
    world.reminders.clear()
    world.now += timedelta(seconds=300)
    world.gatherer().sweep()
    world.later(1)
    listed = [
        file
        for number in range(1, 4)
        if (group := world.ledger.load("words", TRIGGER, number))
        for file in world.ledger.files(group)
    ]
    world.assert_each_once(listed)
    assert list(world.ledger.unfinished()) == []


@pytest.mark.parametrize("calls", [4, 5, 6, 7])
def test_a_list_is_not_written_again_once_its_run_has_been_asked_for(world: World, calls: int) -> None:
    """The run may have ended meanwhile, and nobody would remove what is written behind its cleanup."""
    world.gatherer().gather(upload(), files(3))
    ((_, reminder),) = world.reminders
    world.now += timedelta(seconds=61)
    with suppress(DeadError):
        world.gatherer(Mortal(calls)).due(reminder)
    asked, written = len(world.handed), len(world.written)
    world.gatherer().due(reminder)
    world.assert_each_once(files(3))
    assert len(world.written) == written if asked else len(world.written) >= 1


def test_a_burst_costs_a_call_for_each_98_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And three for each batch and each group: nothing is called for each file."""
    monkeypatch.setattr(gathering, "MAX_ADDED", MAX_ADDED)
    mortal, burst = Mortal(10_000), files(240)
    for start in (0, 120):
        world.gatherer(mortal).gather(upload(of=240), burst[start : start + 120])
    adding, looks, closing = (
        2 * -(-120 // MAX_ADDED),
        2 * 2,
        {"query": 2, "update_item": 3, "remind": 1, "write": 1, "ask": 1},
    )
    assert Counter(mortal.calls) == Counter(closing) + Counter(transact_write_items=adding, query=looks)
    [(_, found)] = world.handed
    assert found == burst
