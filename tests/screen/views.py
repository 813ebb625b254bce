"""Runs as they are read one look after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from cli.watch import watch
from sluice.operate.runs.view import WAITING, RunView, StepView
from sluice.run.state import RunState

REASON = (
    "1 of 4 children failed; child 2: ValueError: the row 17 of s3://inbox/flights/weather.csv has 15"
    " columns, expected 19: year, month, day, dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time"
)


def a_step(name: str, state: str = WAITING, **facts: Any) -> StepView:
    """Return a step."""
    return StepView(**{"name": name, "kind": "array", "state": state, **facts})


def a_run(number: int, state: RunState, steps: Sequence[StepView], seconds: float = 12.3) -> RunView:
    """Return a run of flight-delays."""
    return RunView(
        run_id=f"flight-delays-{number:06x}d2c3b4a5968778695a4b3c",
        pipeline="flight-delays",
        input=f"s3://sluice-inbox-000000000000/flights/2013-{number:02}.csv",
        state=state,
        seconds=seconds,
        steps=tuple(steps),
    )


def twenty_steps(done: int, *, failed: bool = False) -> list[StepView]:
    """Return steps of which so many are done, the next one runs or has failed, and the others wait."""
    ended = [a_step(f"step-{i:02}", "SUCCEEDED", children=4, done=4, seconds=1.5 + i) for i in range(done)]
    facts: dict[str, Any] = {"children": 100, "done": 37, "failed": int(failed), "seconds": 4.2}
    now = a_step(f"step-{done:02}", "FAILED" if failed else "RUNNING", **facts)
    now = a_step(now.name, now.state, **facts, reason=REASON) if failed else now
    later = "NOT_RUN" if failed else WAITING
    return [*ended, now, *(a_step(f"step-{i:02}", later) for i in range(done + 1, 20))]


def watched(
    console: Console, looks: Sequence[Sequence[RunView]], between: Callable[[], None] = lambda: None
) -> None:
    """Follow runs over these looks; ``between`` is called after each but the last."""
    rest = list(looks)
    watch(lambda: rest.pop(0), console, runs=len(looks[-1]), sleep=lambda _: between())
