"""How runs and steps are written as DynamoDB items, and read back."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.run.compiled import CompiledPipeline
from sluice.run.state import (
    Code,
    FollowUp,
    GenerationSpec,
    ItemSource,
    Run,
    RunState,
    StepRecord,
    StepState,
)

RUN_PREFIX = "RUN#"
RUN = "RUN"
STEP = "STEP#"
EVENT = "NOTE#"
LABELS = "LABELS"
"""The sort key of the item with a run's labels, a set of texts."""
UNFINISHED = "run"
FOLLOWED = "followed"
"""The index key of a run whose results may not have started what comes after it."""
_CLEANUP_DUE = "cleanup#"
KEPT = timedelta(days=365)
"""How long the ledger remembers a run, by DynamoDB's time to live."""

Item = dict[str, Any]


def cleanup_due(day: str) -> str:
    """Return the index key of a failed run whose objects are removed on this day, such as 2026-11-28."""
    return _CLEANUP_DUE + day


def pk(run_id: str) -> str:
    """Return the partition key of a run."""
    return RUN_PREFIX + run_id


def run_key(run_id: str) -> Item:
    """Return the key of the run's own item."""
    return values_of(pk=pk(run_id), sk=RUN)


def step_key(run_id: str, step: str) -> Item:
    """Return the key of a step's item."""
    return values_of(pk=pk(run_id), sk=STEP + step)


def event_key(run_id: str, event: str) -> Item:
    """Return the key of the idempotency record of an event of a run."""
    return values_of(pk=pk(run_id), sk=EVENT + event)


def names(*attributes: str) -> dict[str, str]:
    """Return placeholders for attribute names, some of which are reserved words."""
    return {f"#{name}": name for name in attributes}


def values(**named: str | int | bytes) -> Item:
    """Return placeholders for values."""
    return {f":{name}": _value(value) for name, value in named.items()}


def values_of(**named: str | int | bytes | None) -> Item:
    """Return attributes; those that are None are left out."""
    return {name: _value(value) for name, value in named.items() if value is not None}


def _value(value: str | int | bytes) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"B": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": str(value)}


def run_item(run: Run) -> Item:
    """Return a new run's item. The pipeline is compressed: a graph of 1,000 steps stays under DynamoDB's 400
    KB.
    """
    return run_key(run.run_id) | values_of(
        pipeline=run.pipeline.name,
        definition=definition_of(run.pipeline),
        trigger=json.dumps(run.trigger, separators=(",", ":")),
        state=run.state,
        created_at=run.created_at,
        unfinished=UNFINISHED,
        expires_at=expires_at(run.created_at),
    )


def definition_of(pipeline: CompiledPipeline) -> bytes:
    """Return a pipeline as a run's item has it."""
    return gzip.compress(pipeline.to_json().encode(), mtime=0)


def run_of(run: Item, found: Iterable[Item]) -> Run:
    """Return a run from its own item and all items of its partition.

    Raises MalformedMessageError for what a newer version wrote: the caller sets its message aside, where it
    can be seen.
    """
    try:
        steps = [step_from(item) for item in found if item["sk"]["S"].startswith(STEP)]
        return replace(run_from(run, steps), notes=completed_events(found), labels=_labels(found))
    except (KeyError, ValueError, TypeError, EOFError, OSError, zlib.error) as error:
        raise MalformedMessageError(
            f"Expected the items of {run['pk']['S']} as this version of Sluice writes them, found others:"
            f" {type(error).__name__}: {error}. Deploy all stacks together, with the version that wrote them"
            " or a newer one."
        ) from error


def completed_events(found: Iterable[Item]) -> frozenset[str]:
    """Return the events of a run that are done, by its idempotency records."""
    records = (item for item in found if item["sk"]["S"].startswith(EVENT) and "done" in item)
    return frozenset(item["sk"]["S"].removeprefix(EVENT) for item in records)


def run_from(item: Item, steps: Iterable[StepRecord]) -> Run:
    """Return the run that an item holds."""
    return Run(
        run_id=item["pk"]["S"].removeprefix(RUN_PREFIX),
        pipeline=_pipeline(_bytes(item["definition"]["B"])),
        trigger=json.loads(item["trigger"]["S"]),
        state=RunState(item["state"]["S"]),
        created_at=item["created_at"]["S"],
        ended_at=_text(item, "ended_at"),
        failed_step=_text(item, "failed_step"),
        reopened=_number(item, "reopened") or 0,
        cleaned="cleaned" in item,
        place=_text(item, "place") or "",
        replaced_by=_text(item, "replaced_by") or "",
        steps={step.name: step for step in steps},
    )


def _labels(found: Iterable[Item]) -> tuple[str, ...]:
    return tuple(
        label for item in found if item["sk"]["S"] == LABELS for label in sorted(item["labels"]["SS"])
    )


@lru_cache(maxsize=8)
def _pipeline(definition: bytes) -> CompiledPipeline:
    """Return a compiled pipeline; whoever advances a run, or works in it, reads the same one many times."""
    return CompiledPipeline.from_json(gzip.decompress(definition).decode())


def step_item(run_id: str, record: StepRecord) -> Item:
    """Return the item of a step that has just been claimed, that has nothing to do, or that is done when its
    run begins.
    """
    return step_key(run_id, record.name) | values_of(
        state=record.state,
        generation=record.generation,
        children=record.children,
        shared_manifest=record.item_source.manifest if record.item_source else None,
        shared_items=record.item_source.items if record.item_source else None,
        items=record.items,
        manifest=record.manifest,
        words=record.words,
        follow_up=record.follow_up or None,
        claimed_at=record.claimed_at,
        code=json.dumps(record.code, separators=(",", ":")) if record.code else None,
        discarded="yes" if record.discarded else None,
        failed_children=record.failed_children,
        reason=record.reason,
        expires_at=expires_at(record.claimed_at),
        **_spec_item(record.spec),
    )


def _spec_item(spec: GenerationSpec) -> dict[str, str | int | None]:
    missing = json.dumps(spec.missing, separators=(",", ":")) if spec.missing else None
    return {
        "indexes": spec.children,
        "tries": spec.tries,
        "behind": spec.parent_generations,
        "reopened": spec.reopened,
        "missing": missing,
        "queue": spec.queue,
        "carried": spec.deferred_children,
        "memory": spec.memory,
        "machine_faults": spec.machine_faults or None,
        "failed_parent_jobs": spec.failed_parent_jobs or None,
    }


def _spec_from(item: Item) -> GenerationSpec:
    """Return the specification; a step that was claimed before there were any has those of a first
    generation.
    """
    return GenerationSpec(
        children=_text(item, "indexes"),
        tries=_number(item, "tries") or 0,
        parent_generations=_number(item, "behind") or 0,
        reopened=_number(item, "reopened") or 0,
        missing=json.loads(_text(item, "missing") or "{}"),
        queue=_text(item, "queue"),
        deferred_children=_text(item, "carried"),
        memory=_number(item, "memory"),
        machine_faults=_number(item, "machine_faults") or 0,
        failed_parent_jobs=_number(item, "failed_parent_jobs") or 0,
    )


def step_from(item: Item) -> StepRecord:
    """Return the step that an item holds; a claimed step with a job is a submitted one."""
    state, job_id = StepState(item["state"]["S"]), _text(item, "job_id")
    return StepRecord(
        name=item["sk"]["S"].removeprefix(STEP),
        state=StepState.SUBMITTED if state is StepState.CLAIMED and job_id else state,
        generation=int(item["generation"]["N"]),
        job_id=job_id,
        children=int(item["children"]["N"]),
        items=_number(item, "items"),
        manifest=_text(item, "manifest"),
        item_source=_item_source(item),
        reason=_text(item, "reason"),
        claimed_at=item["claimed_at"]["S"],
        spec=_spec_from(item),
        succeeded=_number(item, "succeeded"),
        failed_children=_text(item, "failed_children"),
        reclaimed_children=_children(item, "reclaimed_children"),
        faulted_children=_children(item, "faulted_children"),
        words=_number(item, "words"),
        follow_up=FollowUp(_text(item, "follow_up") or ""),
        handed_back="handed_back" in item,
        denied_at=_text(item, "denied_at"),
        failed_items=_number(item, "failed_items"),
        memory_children=_text(item, "memory_children"),
        code=tuple(Code(*one) for one in json.loads(_text(item, "code") or "[]")),
        discarded="discarded" in item,
    )


def _item_source(item: Item) -> ItemSource | None:
    return (
        ItemSource(_text(item, "shared_manifest"), int(item["shared_items"]["N"]))
        if "shared_items" in item
        else None
    )


def expires_at(written: str) -> int:
    """Return when an item that was written at this time may be forgotten, in seconds since 1970."""
    return int((datetime.fromisoformat(written) + KEPT).timestamp())


def _text(item: Item, name: str) -> str | None:
    return item[name]["S"] or None if name in item else None


def _children(item: Item, name: str) -> str | None:
    """Return children as text, empty for none of them; None where they are not known."""
    return str(item[name]["S"]) if name in item else None


def _number(item: Item, name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None


def _bytes(value: Any) -> bytes:
    return bytes(value)
