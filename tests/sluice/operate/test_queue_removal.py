"""Which runs need a queue that a deploy is about to delete."""

from __future__ import annotations

from sluice.operate.queue_removal import runs_that_need
from sluice.run.state import StepState
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.runs_in_a_queue import FIRST, begin_runs_in_bulk


def test_a_run_with_steps_left_needs_its_queues(harness: OperateHarness) -> None:
    """Each queue has the unfinished runs that need it; a step that is done needs none, nor does a run that
    has ended.
    """
    begin_runs_in_bulk(harness)
    assert runs_that_need(harness.ledger, {"urgent", "bulk", "steady"}) == {"bulk": [FIRST]}
    assert runs_that_need(harness.ledger, set()) == {}
    harness.ledger.record_end(FIRST, "a", StepState.SUCCEEDED)
    assert runs_that_need(harness.ledger, {"urgent", "bulk", "steady"}) == {}
    assert runs_that_need(harness.ledger, {"normal"}) == {"normal": [FIRST]}
