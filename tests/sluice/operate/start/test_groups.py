"""The groups that uploaded files are in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sluice.grouping.group import Group, GroupState
from sluice.grouping.ledger import GroupLedger
from sluice.operate.errors import OperationError
from sluice.operate.start import groups
from sluice.operate.start.upload_triggers import TriggerFile
from sluice.pipeline.definition import S3Upload
from sluice.pipeline.trigger_names import upload_name
from sluice.triggers.trigger_event import S3Object
from tests.sluice.clouds import START, TABLE
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.start.inbox import TEXTS

GATHERING = S3Upload(prefix="texts/", suffix=".txt", group_within="60s", group_of=2)
STORED = S3Object(bucket="inbox", key="texts/a.txt", version_id="v", etag="e", size=1)
GROUP = Group(
    pipeline="words",
    trigger=upload_name(GATHERING),
    number=1,
    state=GroupState.OPEN,
    opened_at=START.isoformat(),
    closes_at=(START + timedelta(seconds=60)).isoformat(),
    max_files=2,
    files=1,
    definition={"bucket": "w", "key": "d"},
)


def stored(upload: S3Upload) -> groups.StoredFile:
    """Return a file of a trigger, and its object."""
    return TriggerFile(Path("a.txt"), upload), STORED


def test_only_files_of_gathering_triggers_are_in_groups() -> None:
    """The others start runs of their own."""
    files = [stored(TEXTS), stored(GATHERING)]
    assert groups.of_gathering_triggers(files) == [stored(GATHERING)]


def test_a_group_is_found_as_soon_as_it_has_the_file(harness: OperateHarness) -> None:
    """The ledger is read again until then."""
    ledger = GroupLedger(harness.client, TABLE)

    def sleep(_: float) -> None:
        assert ledger.open(GROUP, [STORED], START.isoformat()) is None

    (found,) = groups.find_groups(ledger, "words", [stored(GATHERING)], sleep)
    assert (found.number, found.run_id) == (1, GROUP.run_id)


def test_a_file_that_is_not_gathered_in_time(
    harness: OperateHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has its key."""
    monkeypatch.setattr(groups, "GATHERED_WITHIN_SECONDS", -1.0)
    with pytest.raises(OperationError, match=r"Expected texts/a.txt to be gathered"):
        groups.find_groups(GroupLedger(harness.client, TABLE), "words", [stored(GATHERING)], lambda _: None)


def test_when_groups_close() -> None:
    """A group that is full or due is not open any more."""
    later = START + timedelta(seconds=45)
    assert groups.open_groups([GROUP], later) == [groups.OpenGroup(GROUP.run_id, 15.0, 1, 2)]
    assert groups.open_groups([GROUP], START + timedelta(seconds=60)) == []
    assert groups.seconds_until_closed([GROUP], later) == 15.0
    assert groups.seconds_until_closed([], later) == 0.0
