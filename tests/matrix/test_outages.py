"""Hours without a service of AWS: what arrives meanwhile starts its run afterwards, once, by itself."""

from __future__ import annotations

from functools import partial

import pytest

from sluice.run.state import RunState
from tests.matrix.faults import Call, Fault
from tests.matrix.harness import Harness
from tests.matrix.scenarios import FILES_OF_A_BURST, deployment, scenarios

pytestmark = pytest.mark.xdist_group("matrix")
MINUTE = 60.0
OUTAGE = 120 * MINUTE
ASKED = (0.0, 10 * MINUTE, 70 * MINUTE, 119 * MINUTE, 125 * MINUTE)
"""When somebody asks for a run: in the whole outage, and behind it."""


class _Out:
    """A service that answers nothing but 503 for two hours, and with a Lambda that dies where ``kills``."""

    def __init__(self, here: list[Harness], service: str, *, kills: bool = False) -> None:
        self._here, self._service, self._fault = here, service, Fault.DIES_BEFORE if kills else Fault.OUTAGE

    def __call__(self, call: Call) -> Fault | None:
        is_out = call.service == self._service and self._here[0].clock.seconds < OUTAGE
        return self._fault if is_out and call.stage != "job" else None


def _played(scenario: str, service: str, *, kills: bool = False) -> Harness:
    here: list[Harness] = []
    here.append(Harness(deployment(), choose=_Out(here, service, kills=kills)))
    begin = scenarios()[scenario].begin

    def begins(harness: Harness) -> None:
        for number, seconds in enumerate(ASKED):
            harness.clock.later(seconds, partial(begin, harness, f"run-{number}"))

    here[0].run(begins)
    return here[0]


@pytest.mark.parametrize("kills", [False, True], ids=["503", "the Lambda dies"])
@pytest.mark.parametrize("service", ["dynamodb", "s3", "batch"])
@pytest.mark.parametrize("scenario", ["word-count", "hello-fan", "small-files"])
def test_runs_that_are_asked_for_in_an_outage_are_there_afterwards(
    scenario: str, service: str, kills: bool
) -> None:
    """Whichever service it is: all of them, each once, and nothing that starts a run waits for a person."""
    here = _played(scenario, service, kills=kills)
    runs = here.runs()
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    if scenario == "small-files":
        assert sum(run.trigger["files"] for run in runs) == len(ASKED) * FILES_OF_A_BURST
    else:
        assert len(runs) == len(ASKED)
    for stage in ("trigger", "group"):
        queue = here.deployment.queues[here.deployment.functions[stage].queue]
        retries = here.deployment.queues[queue.dead_letters]
        assert here.messages.held[retries.name].waiting == []
        assert here.messages.held[retries.dead_letters].waiting == []
