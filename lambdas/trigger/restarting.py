"""Makes the run that a restart asks for: with the definition of the earlier run, or with the deployed one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sluice import keys
from sluice.errors import MalformedMessageError
from sluice.ledger.ledger import Ledger
from sluice.messages import definition_location
from sluice.run import uploads
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.job_names import run_id
from sluice.run.overrides import overridden
from sluice.run.state import Run, StepRecord, StepState
from sluice.triggers.restart import RESTART, RestartRequested
from sluice.triggers.trigger_event import Request


def restarted(
    message: RestartRequested,
    ledger: Ledger,
    definition: Callable[[str, str], CompiledPipeline],
    queues: Mapping[str, str],
    now: str,
) -> Run:
    """Return the new run; ``definition`` reads a compiled pipeline by its bucket and key.

    Raises MalformedMessageError for a run that the ledger does not know, for items that are not the new
    run's, and for overrides that the deployed pipeline does not take.
    """
    started_by, name = message.started_by(), run_id(message.pipeline, RESTART, message.identity())
    pipeline = _pipeline(message, ledger, definition)
    if isinstance(started_by, Request):
        if message.definition and started_by.overrides:
            pipeline = overridden(name, pipeline, started_by.overrides, queues)
        uploads.check_own(pipeline, started_by)
    done = uploads.plans(pipeline, started_by, now)
    given = {step: _plan(pipeline, step, found, name, now) for step, found in message.items.items()}
    return Run(
        run_id=name, pipeline=pipeline, trigger=message.stored(), created_at=now, steps={**done, **given}
    )


def _pipeline(
    message: RestartRequested, ledger: Ledger, definition: Callable[[str, str], CompiledPipeline]
) -> CompiledPipeline:
    if message.definition:
        pipeline = definition(*definition_location(message.definition))
    else:
        earlier = ledger.load(message.restart)
        if earlier is None:
            raise MalformedMessageError(f"Expected a run of the ledger, found {message.restart!r}.")
        # What its request had otherwise is in it already.
        pipeline = earlier.pipeline
    if pipeline.name != message.pipeline:
        raise MalformedMessageError(f"Expected a run of {message.pipeline}, found one of {pipeline.name}.")
    return pipeline


def _plan(pipeline: CompiledPipeline, step: str, found: Any, name: str, now: str) -> StepRecord:
    """Return the record of a plan whose items are given; they must be the new run's own."""
    plans = [one.name for one in pipeline.steps if one.kind is Kind.PLAN]
    if step not in plans:
        raise MalformedMessageError(
            f"Expected items for a plan of {pipeline.name} ({', '.join(plans)}), found {step!r}."
        )
    manifest, items = (found.get(key) if isinstance(found, dict) else None for key in ("manifest", "items"))
    is_own = isinstance(manifest, str) and manifest.startswith(keys.run_prefix(name))
    if not is_own or type(items) is not int or items < 0:
        raise MalformedMessageError(
            f"Expected a manifest below {keys.run_prefix(name)} and how many items it has, found"
            f" {str(found)[:200]}."
        )
    return StepRecord(
        name=step, state=StepState.SUCCEEDED, items=items, manifest=str(manifest), claimed_at=now
    )
