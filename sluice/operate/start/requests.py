"""Requests a run of a pipeline with a Manual trigger. The run's id is derived from the request's token, so it
is known at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.operate.clients import EventBus
from sluice.operate.errors import OperationError, RequestError
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Manual, Pipeline
from sluice.pipeline.trigger_names import MANUAL
from sluice.run.job_names import run_id
from sluice.run.overrides import overridden
from sluice.triggers.rerun import DETAIL_TYPE, SOURCE
from sluice.triggers.trigger_event import MAX_INPUT_BYTES, Request


def request_run(
    events: EventBus,
    pipeline: Pipeline,
    token: str,
    run_input: Any,
    overrides: Mapping[str, Any] | None = None,
) -> str:
    """Request a run by an event on the default bus, and return the run's id; the same token requests the same
    run.

    ``run_input`` is any JSON value. ``overrides`` are what its steps get instead of what the pipeline's file
    says; see docs/machines.md. Raises RequestError for a pipeline without a Manual trigger or an input that
    is too large, OperationError when EventBridge does not take the event.
    """
    if not any(isinstance(trigger, Manual) for trigger in pipeline.triggers):
        raise RequestError(
            f"Expected a Manual trigger of {pipeline.name}, found none. Give files for its upload trigger, or"
            " add Manual() and deploy."
        )
    size = len(json.dumps(run_input).encode()) + len(json.dumps(overrides or {}).encode())
    if size > MAX_INPUT_BYTES:
        raise RequestError(
            f"Expected an input of at most {MAX_INPUT_BYTES} bytes of JSON, found {size}. Put it into an"
            " object and give its key."
        )
    optional = {} if overrides is None else {"overrides": overrides}
    detail = json.dumps({"pipeline": pipeline.name, "input": run_input, "token": token, **optional})
    answer = events.put_events(Entries=[{"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail}])
    if answer.get("FailedEntryCount"):
        entry = answer["Entries"][0]
        raise OperationError(
            f"EventBridge refused the request: {entry.get('ErrorCode')}: {entry.get('ErrorMessage')}. Nothing"
            " has begun; try again."
        )
    return run_id(pipeline.name, MANUAL, Request(token=token, input=run_input).identity())


def check_overrides(pipeline: Pipeline, overrides: Mapping[str, Any], queues: Mapping[str, str]) -> None:
    """Raise RequestError with what the trigger Lambda would refuse these overrides for, given a pipeline as
    this repository has it.
    """
    names = JobDefinitions(steps={step.name: "" for step in pipeline.steps}, cleanup="", gate="")
    try:
        overridden(run_id(pipeline.name, MANUAL, {}), compile_pipeline(pipeline, names), overrides, queues)
    except MalformedMessageError as error:
        raise RequestError(str(error)) from error
