"""Injected faults of events: twice, late, out of order."""

from __future__ import annotations

from typing import Any

from local.batch.engine import Engine
from local.batch.faults import Faults
from local.batch.runtime.fault_injection import FaultyEvents
from tests.local.batch.conftest import QUICK, Desk, wait_for


def test_events_may_change_places() -> None:
    """A reordered event comes after the one that followed it, and none is lost."""
    events: list[dict[str, Any]] = []
    sink = FaultyEvents(events.append, Faults(seed=2, reordered_events=0.5, delay_seconds=0.05))
    for number in range(20):
        sink({"number": number})
    wait_for(lambda: len(events) == 20)
    numbers = [event["number"] for event in events]
    assert sorted(numbers) == list(range(20)) != numbers


def test_events_may_come_twice_and_late() -> None:
    """With injected faults every event comes twice, and all of them come."""
    events: list[dict[str, Any]] = []
    faults = Faults(seed=1, duplicated_events=1, delayed_events=0.5, delay_seconds=0.05)
    with Engine(limits=QUICK, events=events.append, faults=faults) as engine:
        desk = Desk(engine, events, [])
        job = desk.submit()
        wait_for(lambda: sum(event["detail"]["jobId"] == job for event in events) == 8)
        assert sorted({event["detail"]["status"] for event in events}) == [
            "RUNNABLE",
            "RUNNING",
            "STARTING",
            "SUCCEEDED",
        ]
