"""A group that waits for quiet closes when no file came for so long, or when it was open for long enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sluice.grouping.group import GroupState
from tests.sluice.clouds import dynamodb
from tests.sluice.grouping.test_gathering import TRIGGER, Harness, files, upload

QUIET = replace(upload(within=600), after=60)


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger."""
    with dynamodb() as client:
        yield Harness(client)


def test_each_file_begins_the_quiet_again(harness: Harness) -> None:
    """The group closes when none came for a minute, not a minute after the first."""
    for number in range(4):
        harness.gatherer().gather(QUIET, files(1, number))
        harness.later(50)
    assert not harness.handed
    harness.later(15)
    ((_, found),) = harness.handed
    assert len(found) == 4


def test_it_is_open_for_no_longer_than_its_longest_wait(harness: Harness) -> None:
    """Though files come all the time."""
    for number in range(14):
        harness.gatherer().gather(QUIET, files(1, number))
        harness.later(50)
    assert len(harness.handed[0][1]) == 12


def test_one_reminder_waits_for_one_quiet(harness: Harness) -> None:
    """Nothing polls: a reminder comes when the quiet may be over, and is sent again for the rest of it."""
    for number in range(10):
        harness.gatherer().gather(QUIET, files(1, number))
        harness.later(5)
    assert len(harness.reminders) == 1


def test_a_file_that_comes_in_the_moment_of_closing_keeps_it_open(harness: Harness) -> None:
    """The group is closed as it was read, or not at all."""
    harness.gatherer().gather(QUIET, files(1))
    read = harness.ledger.load("words", TRIGGER, 1)
    assert read is not None
    harness.later(30)
    harness.gatherer().gather(QUIET, files(1, 1))
    harness.ledger.close(read)
    group = harness.ledger.load("words", TRIGGER, 1)
    assert group is not None
    assert (group.state, group.files) == (GroupState.OPEN, 2)


def test_a_group_without_quiet_is_written_as_before(harness: Harness) -> None:
    """A version that knows of no quiet reads it."""
    harness.gatherer().gather(upload(), files(1))
    found = harness.client.scan(TableName="ledger")["Items"]
    assert not [item for item in found if "quiet" in item or "last_at" in item]
