"""Other automation is notified of a run's new state, or the reason why it is not is returned."""

from __future__ import annotations

import json

from sluice.operate.state_events import publish_state
from sluice.run.state import Run, RunState
from tests.sluice.clouds import START, refused
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.harness import Bus

RUN = Run(run_id=RUN_ID, pipeline=pipeline(step("a")), trigger={"key": "k"}, created_at=START.isoformat())


def test_an_event_is_published() -> None:
    """Its detail has the run and the state."""
    bus = Bus()
    assert publish_state(bus, RUN, RunState.CANCELLED, "Team") is None
    detail = json.loads(bus.sent[0]["Detail"])
    assert (detail["run"], detail["state"]) == (RUN_ID, "CANCELLED")


def test_a_failure_is_returned() -> None:
    """Whether the call is refused or the event is not taken."""
    bus = Bus()
    bus.answer = refused("AccessDeniedException", "not authorized")
    assert "not authorized" in str(publish_state(bus, RUN, RunState.CANCELLED, "Team"))
    bus.answer = 1
    assert publish_state(bus, RUN, RunState.CANCELLED, "Team") == "no"
