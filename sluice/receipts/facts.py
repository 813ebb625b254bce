"""What a receipt says of a run besides its files: inputs with their versions, code, items. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sluice.receipts.receipt import VERSION
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.failures.words import items_of
from sluice.run.state import StepRecord, StepState
from sluice.triggers.partition import partition_of
from sluice.triggers.trigger_event import described

_OWN = (Kind.CLEANUP, Kind.GATE, Kind.START)
"""Steps of Sluice's own: no work of the user's."""


def facts(
    pipeline: CompiledPipeline,
    records: Mapping[str, StepRecord],
    *,
    run_id: str,
    version: int,
    trigger: Mapping[str, Any],
    inputs: Iterable[Mapping[str, Any]],
    began: str,
    ended: str,
) -> dict[str, Any]:
    """Return the members of a receipt, times in ISO 8601.

    The input of a request is not repeated, which may hold what is nobody else's business: its SHA-256 is.
    """
    steps = {
        step.name: _step(step, records[step.name])
        for step in pipeline.steps
        if step.kind not in _OWN and step.name in records
    }
    return {
        "receipt": VERSION,
        "run": run_id,
        "version": version,
        "pipeline": pipeline.name,
        "state": "SUCCEEDED",
        "began": began,
        "ended": ended,
        "key": partition_of(trigger),
        "trigger": _trigger(trigger),
        "inputs": list(inputs),
        "code": {"definition": hashlib.sha256(pipeline.to_json().encode()).hexdigest()},
        "items": {name: sum(step[name] for step in steps.values()) for name in ("done", "failed")},
        "steps": steps,
    }


def _step(step: CompiledStep, record: StepRecord) -> dict[str, Any]:
    total, failed = items_of(record), _failed(record)
    ended = "FAILED" if failed and record.failed else "SUCCEEDED"
    return {
        "state": "EMPTY" if record.state is StepState.EMPTY else ended,
        "done": max(total - failed, 0),
        "failed": failed,
        "generation": record.generation,
        "job_definition": step.job_definition,
        "image": step.image or None,
    }


def _failed(record: StepRecord) -> int:
    """Return how many items of a step are not done in a run that succeeded: also of a step that succeeded
    itself, where failed items are tolerated. One whose end is not recorded yet did succeed, or the cleanup
    would not run.
    """
    if record.failed_items is not None:
        return record.failed_items
    if not record.failed:
        return 0
    failed = record.failed_indexes
    return items_of(record) if failed is None else len(failed)


def _trigger(trigger: Mapping[str, Any]) -> dict[str, Any]:
    found = {"kind": trigger.get("kind", ""), "what": described(trigger)}
    for name in ("time", "token", "runs"):
        if trigger.get(name):
            found[name] = trigger[name]
    if trigger.get("input") is not None:
        text = json.dumps(trigger["input"], sort_keys=True, separators=(",", ":"))
        found["input_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return found
