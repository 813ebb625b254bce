"""Runs of a pipeline that limits them, for the tests."""

from __future__ import annotations

from dataclasses import replace

from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.concurrency import Concurrency
from sluice.run.state import Run, RunState, StepState
from tests.sluice.clouds import Harness
from tests.sluice.graphs import pipeline, step

NAME = "words"


def limited(max_runs: int = 1, per: str = "pipeline", replaces: str = "") -> CompiledPipeline:
    """Return a pipeline of one step and its cleanup."""
    graph = pipeline(step("work"), step("cleanup", Kind.CLEANUP, after=("work",)))
    return replace(graph, concurrency=Concurrency(max_runs, per, replaces))


def run_id(number: int) -> str:
    """Return the id of the ``number``-th run."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return f"{NAME}-{'x' * 18}{letters[number // 26]}{letters[number % 26]}"


def run_number(number: int, graph: CompiledPipeline, sequencer: str = "") -> Run:
    """Return a run that has not begun: of the ``number``-th version of one object."""
    order = {"sequencer": sequencer} if sequencer else {}
    trigger = {
        "kind": "s3-upload",
        "bucket": "inbox",
        "key": "a.csv",
        "version_id": f"v{number}",
        "etag": "",
        "size": 1,
        **order,
    }
    return Run(
        run_id=run_id(number),
        pipeline=graph,
        trigger=trigger,
        created_at=f"2026-01-01T00:00:{number % 60:02}.000+00:00",
    )


def states(harness: Harness, runs: int) -> str:
    """Return the first letters of the states of the first runs: ``R`` running, ``W`` waiting, ``X``
    replaced; ``-`` for one that is not there.
    """
    letters = {RunState.REPLACED: "X"}
    found = [harness.ledger.load(run_id(number)) for number in range(runs)]
    return "".join("-" if run is None else letters.get(run.state, run.state[0]) for run in found)


def end(harness: Harness, number: int, state: StepState = StepState.SUCCEEDED) -> None:
    """Record the end of a run's jobs; the run is to be advanced."""
    run = harness.ledger.load(run_id(number))
    assert run is not None
    for name, record in run.steps.items():
        if record.state is StepState.SUBMITTED:
            harness.ledger.record_end(
                run.run_id, name, state, generation=record.generation, job_id=record.job_id, reason="broken"
            )
