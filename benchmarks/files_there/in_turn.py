"""Runs of one key with `max_concurrent_runs=1`: in order, one at a time, and nothing asks again and again.

All runs are requested one after the other while the first one's job waits. Then nothing is done for a while,
in which no role may call anything; then the first job goes on, and they all end. The same number of runs of a
pipeline without a limit says what waiting costs. Calls are those of roles at the local cloud's endpoint.

    python -m benchmarks.files_there.in_turn [--runs 100]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.files_there.deployed import Bench, deployed, is_of_aws, wait
from benchmarks.run_calls import all_told
from sluice.operate.start.sending import send_request
from sluice.run.state import Run, RunState

RUNS = 100
_QUIET_SECONDS = 20
_ROUNDS = 4
"""Every five minutes the sweep looks for what is late: the quietest of some rounds has none of it."""
_PIPELINE = """from sluice import Job, Manual, Pipeline

pipeline = Pipeline(
    name="{name}",
    triggers=[Manual()],
    {limit}
    steps=[Job("one", image="busybox", command=["sh", "-c", "until test -e {gate}; do sleep 1; done"])],
)
"""
_LIMITED, _FREE = "in-turn", "at-will"


def measure(runs: int = RUNS) -> dict[str, Any]:
    """Return the calls of so many runs with a limit and without; RuntimeError unless those with a limit came
    in order, one at a time.
    """
    with tempfile.TemporaryDirectory() as folder:
        gate = Path(folder) / "open"
        texts = {
            "in_turn": _PIPELINE.format(name=_LIMITED, limit="max_concurrent_runs=1,", gate=gate),
            "at_will": _PIPELINE.format(name=_FREE, limit="", gate=gate),
        }
        with deployed(texts) as bench:
            _warm(bench, gate)
            limited, quiet = _limited(bench, runs, gate)
            free = _calls_of(bench, _FREE, runs)
    waited = (limited.total() - free.total()) / (runs - 1)
    return {
        "runs": runs,
        "limited": dict(sorted(limited.items())),
        "free": dict(sorted(free.items())),
        "calls_of_waiting": round(waited, 2),
        "quiet_seconds": _QUIET_SECONDS,
        "quiet_calls": quiet,
    }


def _warm(bench: Bench, gate: Path) -> None:
    """Have the Lambdas read what they read once."""
    gate.touch()
    for name in (_LIMITED, _FREE):
        _ended(bench, [_request(bench, name, "warm")])
    gate.unlink()


def _limited(bench: Bench, runs: int, gate: Path) -> tuple[Counter[str], int]:
    """Return the calls of runs in turn, and how many there were while all but the first waited."""
    bench.forget_calls()
    asked = [_request(bench, _LIMITED, str(number)) for number in range(runs)]
    wait(lambda: all_told(bench.place), "the arrival of all runs", 600)
    arrived = bench.calls(is_of_aws)
    quiet = min(_calls_meanwhile(bench) for _ in range(_ROUNDS))
    bench.forget_calls()
    gate.touch()
    found = _ended(bench, asked)
    wait(lambda: all_told(bench.place), "the end of all events", 600)
    _check_order(found)
    return arrived + bench.calls(is_of_aws), quiet


def _calls_meanwhile(bench: Bench) -> int:
    before = bench.calls(is_of_aws).total()
    time.sleep(_QUIET_SECONDS)
    return bench.calls(is_of_aws).total() - before


def _calls_of(bench: Bench, name: str, runs: int) -> Counter[str]:
    """Return the calls of runs that come as these did, and wait for nothing."""
    bench.forget_calls()
    _ended(bench, [_request(bench, name, str(number)) for number in range(runs)])
    wait(lambda: all_told(bench.place), "the end of all events", 600)
    return bench.calls(is_of_aws)


def _request(bench: Bench, name: str, token: str) -> str:
    """Request a run, and return its id once the ledger has it: SQS keeps no order."""
    run_id = send_request(bench.client("events"), name, token, None)
    wait(lambda: bench.ledger.load(run_id), f"the run {run_id}", 120, pause=0.1)
    return run_id


def _ended(bench: Bench, asked: Sequence[str]) -> list[Run]:
    """Return runs when they have ended; RuntimeError when one did not succeed."""
    found = [_end(bench, run_id) for run_id in asked]
    if wrong := [run.run_id for run in found if run.state is not RunState.SUCCEEDED]:
        raise RuntimeError(f"Expected all runs to succeed, found others: {wrong[:5]}.")
    return found


def _end(bench: Bench, run_id: str) -> Run:
    def look() -> Run | None:
        run = bench.ledger.load(run_id)
        return run if run is not None and run.state not in (RunState.RUNNING, RunState.WAITING) else None

    return wait(look, f"the end of {run_id}", 900)


def _check_order(runs: Sequence[Run]) -> None:
    """Raise RuntimeError unless each run began when the one that was requested before it had ended."""
    for before, after in pairwise(runs):
        if not before.ended_at or after.created_at < before.ended_at:
            raise RuntimeError(
                f"Expected {after.run_id} behind the end of {before.run_id} ({before.ended_at}), found"
                f" {after.created_at}."
            )


def table(found: dict[str, Any]) -> str:
    """Return what was measured."""
    names = sorted({*found["limited"], *found["free"]})
    rows = [
        f"| {name} | {found['limited'].get(name, 0):,} | {found['free'].get(name, 0):,} |" for name in names
    ]
    head = (
        f"{found['runs']:,} runs of one key, in order and one at a time. A run that waits costs"
        f" {found['calls_of_waiting']:.1f} calls more than one that does not, however long it waits: in"
        f" {found['quiet_seconds']} s in which {found['runs'] - 1:,} runs waited there were"
        f" {found['quiet_calls']} calls."
    )
    return "\n".join(
        [head, "", "| calls of all runs | one at a time | without a limit |", "| --- | ---: | ---: |", *rows]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=RUNS)
    measured = measure(parser.parse_args().runs)
    print(json.dumps(measured))
    print(table(measured))
