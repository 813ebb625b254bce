"""What the verdict holds of the results that are joined."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sluice import AfterRun, Job, Manual, Pipeline
from sluice.pipeline.definition import Trigger
from sluice.run.state import RunState
from tests.simulation.verdict.chains import _older_results, _Version, _versions

MARKS = {
    "both-early": "left-1/0 right-1/0",
    "both-newer": "left-2/0 right-1/0",
    "both-late": "left-1/0 right-1/0",
}
ENDS = {"left-1/0": 100.0, "left-2/0": 1000.0, "right-1/0": 50.0}


def pipeline(name: str, trigger: Trigger) -> Any:
    """Return a script of a pipeline that does nothing."""
    step = Job("work", command=["true"], image="busybox")
    return SimpleNamespace(pipeline=Pipeline(name=name, triggers=[trigger], steps=[step]))


def found(begun: dict[str, float], ends: dict[str, float] = ENDS) -> list[str]:
    """Return what is wrong with these joins, which began at so many seconds."""
    scripts = {
        "left": pipeline("left", Manual()),
        "right": pipeline("right", Manual()),
        "both": pipeline("both", AfterRun("left", "right", by=[])),
    }
    here: Any = SimpleNamespace(
        begun=begun,
        scripts=scripts,
        script_of=lambda run: scripts[run.partition("-")[0]],
        mark_of=lambda run: MARKS.get(run, run),
        asker=SimpleNamespace(inputs={}),
        chaos=SimpleNamespace(skew=0.0),
    )
    runs: Any = [SimpleNamespace(run_id=run) for run in begun]
    versions = [_Version(mark.partition("-")[0], mark, at, is_whole=True) for mark, at in ends.items()]
    return list(_older_results(here, runs, versions))


def test_what_ended_before_is_not_joined_behind_what_ended_later() -> None:
    """Its end was reported late, when a newer one was recorded."""
    assert found({"both-newer": 1001.0, "both-late": 1900.0}) == [
        "both-late joins left-1/0, 899 s after both-newer joined the newer left-2/0"
    ]


@pytest.mark.parametrize(
    ("begun", "ends"),
    [
        ({"both-early": 101.0, "both-newer": 1001.0}, ENDS),
        ({"both-newer": 1001.0, "both-late": 1060.0}, ENDS),
        ({"both-newer": 1001.0, "both-late": 1900.0}, {**ENDS, "left-1/0": 900.0}),
    ],
    ids=["older first", "two invocations at a time", "two ends at a time"],
)
def test_two_joins_may_be_of_what_ended_at_a_time(begun: dict[str, float], ends: dict[str, float]) -> None:
    """Nor is anything wrong where the older results were joined first."""
    assert found(begun, ends) == []


@pytest.mark.parametrize(
    ("reopened", "cleaned_again", "marks"),
    [(1, set(), ["left-1/0", "left-1/1"]), (0, {("left-1", 20.0)}, ["left-1/0", "left-1/0"])],
    ids=["retried", "cleaned again"],
)
def test_a_run_whose_cleanup_alone_ran_again_is_the_same_version(
    reopened: int, cleaned_again: set[tuple[str, float]], marks: list[str]
) -> None:
    """None of its steps is repeated, so its results are those of before (seed 1021960)."""
    states = [(1.0, "RUNNING"), (10.0, "SUCCEEDED"), (20.0, "RUNNING"), (30.0, "SUCCEEDED")]
    here: Any = SimpleNamespace(ended={"left-1": states}, cleaned_again=cleaned_again)
    run: Any = SimpleNamespace(
        run_id="left-1",
        reopened=reopened,
        state=RunState.SUCCEEDED,
        pipeline=SimpleNamespace(name="left"),
        steps={"cleanup": SimpleNamespace(failed=False)},
    )
    found = list(_versions(here, run))
    assert [one.mark for one in found] == marks
    assert found[-1].is_whole
