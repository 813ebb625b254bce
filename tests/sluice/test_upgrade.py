"""A run that the code of before began is ended by the code of now: what is stored and sent keeps its form.

``tests/data/run_of_2026_11_21.json`` is what the code of 21 November 2026 wrote: a ledger in the middle of a
run (a later generation of lost machines, deferred children, a tolerated failure), and a message of each kind.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluice.advance.batch_events import Reconcile, parse_event
from sluice.alerts.queue_messages import parse_alert
from sluice.alerts.run_events import RunChanged
from sluice.messages import GroupDue, Planned, RunFailed
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.state import GenerationSpec, Run, RunState, StepState
from tests.sluice.clouds import TABLE, Harness, dynamodb

STORED: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "run_of_2026_11_21.json").read_text()
)
RUN_ID = str(STORED["run"])


def _value(value: dict[str, Any]) -> dict[str, Any]:
    return {kind: base64.b64decode(found) if kind == "B" else found for kind, found in value.items()}


@pytest.fixture
def harness() -> Iterator[Harness]:
    """The ledger and the jobs as the code of before left them."""
    with dynamodb() as client:
        for item in STORED["items"]:
            stored = {name: _value(value) for name, value in item.items()}
            client.put_item(TableName=TABLE, Item=stored)
        found = Harness(client)
        found.batch.jobs.update({job_id: {"jobId": job_id, **job} for job_id, job in STORED["jobs"].items()})
        yield found


def run_of(harness: Harness) -> Run:
    """Return the run as the ledger has it."""
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    return run


def test_its_steps_are_read_as_they_were_written(harness: Harness) -> None:
    """The generation for lost machines, what it defers, and what a tolerant step has to do without."""
    steps = run_of(harness).steps
    assert (steps["count"].generation, steps["count"].spec) == (
        1,
        GenerationSpec(children="3", queue="steady", deferred_children="1"),
    )
    assert steps["report"].spec.missing == {"score": "2"}
    assert (steps["split"].items, steps["count"].children) == (8, 4)
    assert run_of(harness).notes == {"alert:late"}


def test_it_runs_to_its_end(harness: Harness) -> None:
    """Deferred children follow, then the rest; nothing that succeeded is submitted once more."""
    before = set(harness.batch.jobs)
    for _ in range(10):
        for name, record in run_of(harness).steps.items():
            if record.state is StepState.SUBMITTED:
                assert harness.ledger.record_end(
                    RUN_ID,
                    name,
                    StepState.SUCCEEDED,
                    generation=record.generation,
                    job_id=record.job_id,
                )
        harness.advancer().advance(RUN_ID)
        if run_of(harness).state is not RunState.RUNNING:
            break
    assert run_of(harness).state is RunState.SUCCEEDED
    new = [
        job["jobName"].removeprefix(f"{RUN_ID}_")
        for key, job in harness.batch.jobs.items()
        if key not in before
    ]
    assert sorted(new) == ["cleanup_0", "count_2", "merge_0", "notify_0", "rank_1"]
    count = next(job for job in harness.batch.jobs.values() if job["jobName"].endswith("count_2"))
    told = {one["name"]: one["value"] for one in count["containerOverrides"]["environment"]}
    assert told["SLUICE_CHILDREN"] == "1"


def test_its_pipeline_is_read_and_written_as_it_was() -> None:
    """The compiled form is stored with each run: fields may be added, none changes."""
    pipeline = CompiledPipeline.from_json(STORED["definition"])
    before, now = json.loads(STORED["definition"]), json.loads(pipeline.to_json())
    assert {name: now[name] for name in before if name != "steps"} == {
        name: value for name, value in before.items() if name != "steps"
    }
    for old, new in zip(before["steps"], now["steps"], strict=True):
        assert {name: new[name] for name in old} == old
    assert not any(step.supervised for step in pipeline.steps), "it is judged by exit codes, as then"
    assert pipeline.step("meet").kind is Kind.MULTI_NODE


def test_messages_under_way_are_read() -> None:
    """A queue holds them for up to 14 days."""
    sent = STORED["messages"]
    assert Planned.from_json(sent["planned"]).items == 8
    assert parse_alert(sent["run_failed"]) == RunFailed(run=RUN_ID, step="count", generation=1)
    assert parse_event(sent["reconcile"]) == Reconcile((RUN_ID,))
    assert GroupDue.from_json(sent["group_due"]).number == 3
    changed = parse_alert(sent["run_changed"])
    assert isinstance(changed, RunChanged)
    assert changed.to_json() == sent["run_changed"]
