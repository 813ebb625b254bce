"""What the verdict holds of a run that succeeded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sluice import Array, Job, Manual, Pipeline, finished
from sluice.run.state import Run, RunState
from tests.simulation.chaos import Level
from tests.simulation.scripts import FUNCTIONS, Behaviour, Script
from tests.simulation.verdict.success import _is_of_a_later_attempt, _is_recorded_late, unproven

RUN = "simulated-0-" + "a" * 20
PIPELINE = Pipeline(
    name="simulated-0",
    triggers=[Manual()],
    steps=[
        Job("prepare", command=["true"], image="busybox"),
        Array("score", run=f"{FUNCTIONS}:work", size=2, after=["prepare"]),
        Job("report", command=["true"], image="busybox", after=[finished("score", at_most=3)]),
    ],
)


def found(*done: str, causes: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with a run that succeeded, in which these jobs were done, and no array."""
    script = Script(PIPELINE, dict.fromkeys(("prepare", "score", "report"), Behaviour()))
    here: Any = SimpleNamespace(
        script_of=lambda run: script,
        mark_of=lambda run: "mark",
        files_of=lambda run: [],
        chaos=SimpleNamespace(causes={RUN: list(causes)}, damaged=(), level=Level.WILD),
        done=[SimpleNamespace(run=RUN, step=name, item=None) for name in done],
        deployment=SimpleNamespace(environment=lambda name: "bucket"),
        buckets=SimpleNamespace(objects={}),
    )
    run = Run(run_id=RUN, pipeline=script.compiled, trigger={}, state=RunState.SUCCEEDED)
    return list(unproven(here, run))


def test_what_a_tolerated_array_needs_may_have_failed_with_a_cause() -> None:
    """Both items of ``score`` may be missing, and ``prepare`` failed, for which they are: decision 16."""
    assert found("report", causes=("a worker ended",)) == []


def test_without_a_cause_it_must_have_been_done() -> None:
    """Success is proven."""
    assert found("report") == [
        "prepare counts as succeeded, and its function never returned",
        "score counts as succeeded, and nothing was done for its items [0, 1]",
    ]


def test_what_no_failure_is_tolerated_of_must_have_been_done() -> None:
    """Whatever went wrong."""
    assert found(causes=("a worker ended",)) == [
        "report counts as succeeded, and its function never returned"
    ]


@pytest.mark.parametrize(
    ("key", "is_late"),
    [
        (f"runs/{RUN}/plan/manifest/0-0-3/items.jsonl", True),
        (f"runs/{RUN}/plan/manifest/0-0-3/index.bin", True),
        (f"runs/{RUN}/plan/manifest/0-0-2/items.jsonl", False),
        (f"runs/{RUN}/plan/manifest/0-0-1/items.jsonl", False),
        (f"runs/{RUN}/plan/manifest/1-0-3/items.jsonl", False),
        (f"runs/{RUN}/plan/results/0-0-3/items.jsonl", False),
        (f"runs/{RUN}/other/manifest/0-0-3/items.jsonl", False),
    ],
)
def test_only_a_later_attempt_of_a_plan_may_write_behind_the_cleanup(key: str, is_late: bool) -> None:
    """The second announced its items: the first had ended before it."""
    announced = SimpleNamespace(manifest=f"runs/{RUN}/plan/manifest/0-0-2/items.jsonl")
    run: Any = SimpleNamespace(steps={"plan": announced, "other": SimpleNamespace(manifest=None)})
    assert _is_of_a_later_attempt(run, key) is is_late


@pytest.mark.parametrize(
    ("key", "said", "is_late"),
    [
        ("score/words/0000/00000-0-0-1-0.json", 100.0, True),
        ("score/words/0000/00000-0-0-1-0.json", 101.0, False),
        ("score/results/0000/00000-0-0.jsonl", 100.0, False),
    ],
    ids=["a quarter of an hour", "less", "no word"],
)
def test_a_word_stays_when_the_end_is_recorded_too_late(key: str, said: float, is_late: bool) -> None:
    """The cleanup waits 15 minutes; the run is recorded at 1,000.5 s."""
    here: Any = SimpleNamespace(
        ended={RUN: [(0.0, "RUNNING"), (1000.5, "SUCCEEDED")]}, words={(RUN, "score"): said}
    )
    script = Script(PIPELINE, dict.fromkeys(("prepare", "score", "report"), Behaviour()))
    run = Run(run_id=RUN, pipeline=script.compiled, trigger={}, state=RunState.SUCCEEDED)
    assert _is_recorded_late(here, run, f"runs/{RUN}/{key}") is is_late
