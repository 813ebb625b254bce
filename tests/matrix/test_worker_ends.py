"""A worker that ends at each call of its function, in every way: nothing is lost in silence, and a person's
`sluice retry` ends in the very results.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.run.state import RunState
from tests.matrix.cases import MARK, expected
from tests.matrix.harness import Harness
from tests.matrix.person import mends
from tests.matrix.scenarios import Scenario, deployment, scenarios
from tests.matrix.verdict import objections, unrest
from tests.matrix.workers import ENDS, DeletingWorker, DyingWorker

pytestmark = pytest.mark.xdist_group("matrix")


def mended(name: str) -> Scenario:
    """Return a scenario in which a person has the failed run go on."""
    scenario = scenarios()[name]

    def begin(harness: Harness, mark: str) -> None:
        scenario.begin(harness, mark)
        mends(harness, mark)

    return replace(scenario, begin=begin, alerted=True)


def played(scenario: Scenario, worker: DyingWorker | DeletingWorker) -> Harness:
    """Play a scenario with this worker."""
    harness = Harness(deployment(), worker=worker)
    harness.run(lambda here: scenario.begin(here, MARK))
    return harness


@pytest.mark.parametrize("name", ["word-count", "item-to-item"])
@pytest.mark.parametrize("how", ENDS)
def test_a_worker_that_ends_fails_its_step_and_loses_nothing(how: str, name: str) -> None:
    """At each call: an alert is sent why, and the next generation does what was not finished, once."""
    calls = DyingWorker(-1, 0)
    played(scenarios()[name], calls)
    assert calls.calls > 6
    for at in range(calls.calls):
        harness = played(mended(name), DyingWorker(at, ENDS[how]))
        found = [*objections(harness, {MARK: mended(name)}, expected), *unrest(harness)]
        assert found == [], (at, how)
        (told, *_) = [body for _, body in harness.messages.mail if "failed at the step" in body]
        assert "WorkerEndedError: " in told


def test_deleted_results_fail_the_fan_in() -> None:
    """With the items that are missing; nothing is published."""
    scenario = replace(scenarios()["word-count"], ends=RunState.FAILED, alerted=True)
    harness = played(scenario, DeletingWorker("rank", 1))
    assert [*objections(harness, {MARK: scenario}, expected), *unrest(harness)] == []
    (run,) = harness.runs()
    assert run.failed_step == "merge"
    assert "Expected a result of every item of rank, found none of the items 1." in str(
        run.steps["merge"].reason
    )
    assert not any(run.run_id in key for key in harness.buckets.objects.get(_results(), {}))


def _results() -> str:
    return deployment().environment("SLUICE_RESULTS_BUCKET")
