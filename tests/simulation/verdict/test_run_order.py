"""What the verdict holds of how many runs ran at a time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sluice import Job, Manual, Pipeline
from sluice.run.state import Run
from tests.simulation.scripts import Behaviour, Script
from tests.simulation.verdict.run_order import out_of_order

FIRST, SECOND = (f"simulated-0-{letter * 20}" for letter in "ab")


@pytest.mark.parametrize(
    ("began", "cleaned_again", "objections"),
    [
        (30.0, set(), []),
        (15.0, set(), [f"{[FIRST, SECOND]} ran at 15.0 s, and at most 1 may"]),
        (35.0, set(), [f"{[FIRST, SECOND]} ran at 40.0 s, and at most 1 may"]),
        (35.0, {(FIRST, 40.0)}, []),
    ],
    ids=["behind its end", "before it", "retried beside it", "cleaned again beside it"],
)
def test_two_runs_at_a_time_are_too_many_of_one(
    began: float, cleaned_again: set[tuple[str, float]], objections: list[str]
) -> None:
    """The first runs from 10 s to 20 s, and from 40 s to 41 s again; the second to 50 s."""
    step = Job("one", command=["true"], image="busybox")
    pipeline = Pipeline(name="simulated-0", triggers=[Manual()], steps=[step], max_concurrent_runs=1)
    script = Script(pipeline, {"one": Behaviour()})
    first = [(10.0, "RUNNING"), (20.0, "SUCCEEDED"), (40.0, "RUNNING"), (41.0, "SUCCEEDED")]
    second = [(began, "RUNNING"), (50.0, "SUCCEEDED")]
    here: Any = SimpleNamespace(
        script_of=lambda run: script,
        mark_of=lambda run: "mark",
        scripts={"simulated-0": script},
        ended={
            FIRST: first[:2] if began == 30.0 else first,
            SECOND: second,
        },
        cleaned_again=cleaned_again,
    )
    runs = [Run(run_id=run, pipeline=script.compiled, trigger={}) for run in (FIRST, SECOND)]
    assert list(out_of_order(here, runs)) == objections
