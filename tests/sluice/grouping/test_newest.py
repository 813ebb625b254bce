"""An old version of a key that lands in a later group says so, as it does for a run of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.triggers.trigger_event import S3Object
from tests.sluice.clouds import START, TABLE, dynamodb
from tests.sluice.grouping.test_gathering import Harness, upload


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger, and nothing gathered."""
    with dynamodb() as client:
        yield Harness(client)


def file(key: str, version: str, sequencer: str = "") -> S3Object:
    """Return a version of a key."""
    return S3Object(
        bucket="inbox",
        key=key,
        version_id=version,
        etag="e",
        size=1,
        sequencer=sequencer or f"0{version[1:]}",
    )


def group(number: int, trigger: str = "s3-group:words/*.txt") -> Group:
    """Return a group."""
    return replace(Group.opened(upload(trigger=trigger), number, START, START), files=1)


def test_the_run_of_a_later_group_is_told_that_its_file_is_old(harness: Harness) -> None:
    """In the list of its files, where its steps read it; the newer version's run is not."""
    gatherer = harness.gatherer()
    gatherer.gather(upload(of=2), [file("a", "v2"), file("b", "v5")])
    gatherer.gather(upload(of=2), [file("a", "v1"), file("b", "v6")])
    first, second = [files for _, files in harness.written]
    assert [one.newer_version for one in first] == ["", ""]
    assert {one.key: one.newer_version for one in second} == {"a": "v2", "b": ""}
    assert second[0].to_item()["newer_version"] == "v2"
    assert S3Object.from_dict(second[0].to_item()) == second[0]


def test_to_say_it_again_changes_nothing(harness: Harness) -> None:
    """An invocation that dies before the list is written is repeated."""
    ledger = GroupLedger(harness.client, TABLE)
    for _ in range(2):
        found = ledger.with_newer_versions(group(1), [file("a", "v2")])
        assert [one.newer_version for one in found] == [""]


def test_more_files_than_a_transaction_takes(harness: Harness) -> None:
    """Each is compared with its own key, wherever in the list it stands."""
    ledger = GroupLedger(harness.client, TABLE)
    ledger.with_newer_versions(group(1), [file(f"{n:03d}", "v5") for n in range(0, 230, 50)])
    found = ledger.with_newer_versions(group(2), [file(f"{n:03d}", "v4") for n in range(230)])
    assert [one.key for one in found] == [f"{n:03d}" for n in range(230)]
    assert [one.key for one in found if one.newer_version] == ["000", "050", "100", "150", "200"]


def test_another_trigger_and_a_file_of_unknown_order_know_nothing_of_it(harness: Harness) -> None:
    """A file without a sequencer is neither old nor new."""
    ledger = GroupLedger(harness.client, TABLE)
    ledger.with_newer_versions(group(1), [file("a", "v5")])
    other = ledger.with_newer_versions(group(2, "s3-group:other/*"), [file("a", "v1")])
    unknown = ledger.with_newer_versions(group(2), [replace(file("a", "v1"), sequencer="")])
    assert [one.newer_version for one in (*other, *unknown)] == ["", ""]
