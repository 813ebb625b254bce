"""The looks of a run that fails, and of three runs of twenty steps, as terminals and pipes show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sluice.operate.runs.view import RunView, StepView
from sluice.run.state import RunState
from tests.screen.views import REASON, a_run, a_step, twenty_steps


def failing() -> Iterator[list[RunView]]:
    """Yield looks at a run whose array fails after half a minute of work."""
    split = a_step("split", "SUCCEEDED", kind="plan", children=1, done=1, seconds=1.2)
    for second in range(1, 31):
        counting = a_step("count", "RUNNING", children=4000, done=second * 120, seconds=second - 0.5)
        yield [a_run(1, RunState.RUNNING, [split, counting, a_step("merge", kind="job")], second + 1.0)]
    counted = replace(counting, state="FAILED", done=3999, failed=1, reason=_why(4000))
    merge = a_step("merge", "NOT_RUN", kind="job")
    yield [a_run(1, RunState.FAILED, [split, counted, merge], 31.5)]


def three_runs() -> Iterator[list[RunView]]:
    """Yield looks at three runs of twenty steps: one fails, one is cancelled, one succeeds."""
    for second in range(3):
        yield [a_run(n, RunState.RUNNING, twenty_steps(5 + n), second + 0.5) for n in (1, 2, 3)]
    failed = a_run(1, RunState.FAILED, twenty_steps(6, failed=True))
    done = a_run(3, RunState.SUCCEEDED, [*twenty_steps(19)[:19], _last_step()])
    yield [failed, a_run(2, RunState.RUNNING, twenty_steps(7)), done]
    cut = [step if step.state == "SUCCEEDED" else a_step(step.name, "NOT_RUN") for step in twenty_steps(7)]
    yield [failed, a_run(2, RunState.CANCELLED, cut), done]


def _last_step() -> StepView:
    return a_step("step-19", "SUCCEEDED", children=1, done=1, seconds=0.8)


def _why(children: int) -> str:
    return REASON.replace("1 of 4 ", f"1 of {children:,} ")
