"""What it costs that the answer of every SubmitJob of a run is lost once, though each has its effect: seconds
until the run ends, and seconds that jobs are paid for while they wait for their registration.

The real handlers and jobs run on the crash matrix's virtual clock (tests/matrix), where an answer is lost at
once: what a time-out itself takes (five seconds at most, sluice/aws/light_client.py) is not in these figures.

    python -m benchmarks.lost_answers
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unittest.mock import patch

from sluice.run.state import RunState
from sluice.runtime import __main__ as job
from tests.matrix import installed
from tests.matrix.calls import Choice
from tests.matrix.cases import MARK
from tests.matrix.clock import BEGINNING
from tests.matrix.faults import Call, Fault
from tests.matrix.harness import Harness
from tests.matrix.scenarios import deployment, scenarios

PIPELINES = ("word-count", "flight-delays", "monte-carlo", "hello-fan")
AIM_SECONDS_LATER, AIM_WAITED = 15, 20


def measure() -> list[dict[str, Any]]:
    """Return for each pipeline what a run with lost answers takes beside one without."""
    return [_measured(name) for name in PIPELINES]


def _measured(name: str) -> dict[str, Any]:
    harness, without, _ = _played(name, lambda call: None)
    steps = sum(1 for record in harness.runs()[0].steps.values() if record.job_id)
    _, seconds, waited = _played(name, _lose)
    return {
        "pipeline": name,
        "steps": steps,
        "without": round(without, 1),
        "lost": round(seconds, 1),
        "later": round(seconds - without, 1),
        "waited": round(waited / steps, 1),
    }


def _lose(call: Call) -> Fault | None:
    return Fault.NO_ANSWER if call.name == "submit_job" else None


def _played(name: str, choose: Choice) -> tuple[Harness, float, float]:
    """Return a harness after a run, when the run ended, and how long its jobs waited; virtual seconds."""
    harness, waits = Harness(deployment(), choose=choose), list[float]()

    def waiting(*given: Any) -> Any:
        began = harness.clock.seconds
        try:
            return wait(*given)
        finally:
            waits.append(harness.clock.seconds - began)

    changes = installed._changes()
    (wait,) = (value for module, key, value in changes if (module, key) == (job, "wait_for_registration"))
    with patch.object(installed, "_changes", lambda: [*changes, (job, "wait_for_registration", waiting)]):
        harness.run(lambda here: scenarios()[name].begin(here, MARK))
    (run,) = harness.runs()
    if run.state is not RunState.SUCCEEDED or run.ended_at is None:
        raise RuntimeError(f"Expected the run of {name} to succeed, found it {run.state}.")
    ended = (datetime.fromisoformat(run.ended_at) - BEGINNING).total_seconds()
    return harness, ended, sum(waits)


def table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as Markdown."""
    heads = {
        "pipeline": "pipeline",
        "steps": "steps with a job",
        "without": "seconds of a run",
        "lost": "with every answer lost once",
        "later": f"later (aim: at most {AIM_SECONDS_LATER})",
        "waited": f"job-seconds a step waiting (aim: at most {AIM_WAITED})",
    }
    lines = ["| " + " | ".join(heads.values()) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(f"{row[name]}" for name in heads) + " |" for row in rows)])


if __name__ == "__main__":
    print(table(measure()))
