"""What the verdict holds of work that began before what it needs was done."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from sluice import Array, Job, Manual, Pipeline, always
from sluice.pipeline.after import After
from sluice.run.state import Run
from tests.matrix.harness import Work
from tests.simulation.scripts import FUNCTIONS, Behaviour, Script
from tests.simulation.simulation import Done
from tests.simulation.verdict.order import too_early

RUN = "simulated-0-" + "a" * 20


def found(
    exits: dict[str, float],
    words: dict[str, float],
    submit_from: Literal["lambda", "start-job"] = "lambda",
    returned: float = 5.0,
    failures: Mapping[str, float] | None = None,
    after: After = "prepare",
) -> list[str]:
    """Return what is wrong with a run whose array began at 10 s, and whose ``prepare`` returned at 5 s; the
    jobs ended well, or said so, or failed for good, at these times.
    """
    pipeline = Pipeline(
        name="simulated-0",
        triggers=[Manual()],
        steps=[
            Job("prepare", command=["true"], image="busybox"),
            Array("score", run=f"{FUNCTIONS}:work", size=2, after=[after]),
        ],
        submit_from=submit_from,
    )
    script = Script(pipeline, dict.fromkeys(("prepare", "score"), Behaviour()))
    here: Any = SimpleNamespace(
        script_of=lambda run: script,
        mark_of=lambda run: "mark",
        files_of=lambda run: [],
        done=[Done(RUN, "prepare", 0, "one", "one-1", None, 4.0, returned, None)],
        works=[Work(RUN, "prepare", 0, "0", None, "one", 4.0), Work(RUN, "score", 0, "1", 1, "two", 10.0)],
        fleet=SimpleNamespace(
            exits={(f"{RUN}_{step}_0", 0): at for step, at in exits.items()},
            failures={f"{RUN}_{step}_0": at for step, at in (failures or {}).items()},
        ),
        words={(RUN, step): at for step, at in words.items()},
    )
    return list(too_early(here, Run(run_id=RUN, pipeline=script.compiled, trigger={})))


@pytest.mark.parametrize(
    ("exits", "words", "objections"),
    [
        ({"prepare": 6.0}, {}, []),
        ({}, {"prepare": 5.5}, []),
        ({"prepare": 11.0}, {}, ["score (two) began at 10.0 s, before prepare had succeeded"]),
        ({}, {}, ["score (two) began at 10.0 s, before prepare had succeeded"]),
    ],
    ids=["code 0", "its word", "code 0 later", "no success"],
)
def test_a_job_waits_for_the_success_of_what_it_needs(
    exits: dict[str, float], words: dict[str, float], objections: list[str]
) -> None:
    """That its function has returned is not enough."""
    assert found(exits, words) == objections


@pytest.mark.parametrize(("ended", "objections"), [(3.0, 0), (7.0, 1), (20.0, 2)])
def test_all_jobs_of_a_run_wait_for_its_start_job(ended: float, objections: int) -> None:
    """Also those that wait for another one, which may have begun too early itself."""
    assert len(found({"start": ended, "prepare": 6.0}, {}, "start-job")) == objections


@pytest.mark.parametrize(
    ("failed", "after", "objections"),
    [(3.0, always("prepare"), []), (20.0, always("prepare"), ["start"]), (3.0, "prepare", ["start"])],
    ids=["behind a failure", "before it", "not to run behind one"],
)
def test_what_always_runs_waits_for_the_end_of_a_start_job_that_fails(
    failed: float, after: After, objections: list[str]
) -> None:
    """A run that has failed ends with what always runs."""
    found_now = found({"prepare": 6.0}, {}, "start-job", failures={"start": failed}, after=after)
    assert [one for one in found_now if "score" in one and "start" in one] == [
        f"score (two) began at 10.0 s, before {name} had succeeded" for name in objections
    ]


def test_work_that_never_came_to_its_end_may_not_begin_too_early_either() -> None:
    """It was begun, and may have changed something."""
    assert found({"prepare": 6.0}, {}) == []
    (objection,) = found({"prepare": 6.0}, {}, returned=12.0)
    assert objection == "score (item 1, two) began at 10.0 s, before prepare had done [None]"
