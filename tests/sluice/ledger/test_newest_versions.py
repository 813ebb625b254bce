"""Of a run for an old version that comes after the newer one's run, its trigger says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sluice.ledger.ledger import Ledger
from sluice.run.state import Run
from sluice.triggers.trigger_event import Request, S3Object, TriggerEvent, newest_of_each_key
from tests.sluice.clouds import TABLE, dynamodb
from tests.sluice.graphs import pipeline, step

OLD = S3Object(bucket="inbox", key="words/a.txt", version_id="old", etag="e", size=1, sequencer="0055AED6DC")
NEW = replace(OLD, version_id="new", sequencer="0055AED6DC028")
GRAPH = pipeline(step("a"))


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A fresh ledger."""
    with dynamodb() as client:
        yield Ledger(client, TABLE)


def started(ledger: Ledger, letter: str, trigger: TriggerEvent, name: str = "words") -> str | None:
    """Begin a run, and return which newer version its trigger names."""
    run = Run(
        run_id="words-" + letter * 20,
        pipeline=replace(GRAPH, name=name),
        trigger=trigger.to_dict(),
        created_at="2026-01-01T00:00:00.000+00:00",
    )
    assert ledger.start(run, [])
    stored = ledger.load(run.run_id)
    assert stored is not None
    newer: str | None = stored.trigger.get("newer_version")
    return newer


def test_an_old_version_that_comes_late_names_the_newer_one(ledger: Ledger) -> None:
    """S3 may report the second upload first."""
    assert started(ledger, "a", NEW) is None
    assert started(ledger, "b", OLD) in ("new", "unknown")


def test_versions_that_come_in_order_name_none(ledger: Ledger) -> None:
    """Nor do those of other keys or pipelines, or what is no upload."""
    assert started(ledger, "a", OLD) is None
    assert started(ledger, "b", NEW) is None
    assert started(ledger, "c", replace(OLD, key="words/b.txt")) is None
    assert started(ledger, "d", OLD, "others") is None
    assert started(ledger, "e", Request(token="t")) is None
    assert started(ledger, "f", replace(OLD, sequencer="")) is None


def test_the_same_run_begins_once(ledger: Ledger) -> None:
    """Also when its version is the newest already, or is an old one."""
    for letter, trigger in (("a", NEW), ("b", OLD)):
        started(ledger, letter, trigger)
        run = ledger.load("words-" + letter * 20)
        assert run is not None
        assert not ledger.start(replace(run, trigger=trigger.to_dict()), [])


def test_sequencers_are_compared_with_zeros_at_their_ends() -> None:
    """So "0055AED6DC" is before "0055AED6DC028", and the case of the letters says nothing."""
    assert OLD.order < NEW.order
    assert replace(OLD, sequencer="0055aed6dc").order == OLD.order
    assert replace(OLD, sequencer="").order == ""


@pytest.mark.parametrize("files", [[OLD, NEW], [NEW, OLD]], ids=["in order", "out of order"])
def test_of_each_key_the_newest_version_stays(files: list[S3Object]) -> None:
    """Whatever the order in which they came."""
    other = replace(OLD, key="words/b.txt")
    assert newest_of_each_key([*files, other]) == [NEW, other]
