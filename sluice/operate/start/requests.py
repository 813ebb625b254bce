"""Requests a run of a pipeline with a Manual trigger. The run's id is derived from the request's token, so it
is known at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.operate.clients import EventBus
from sluice.operate.errors import RequestError
from sluice.operate.start.sending import send_request
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Manual, Pipeline
from sluice.pipeline.trigger_names import MANUAL
from sluice.run.job_names import run_id
from sluice.run.overrides import overridden
from sluice.triggers.request_event import DEFAULT_STACK_PREFIX


def request_run(
    events: EventBus,
    pipeline: Pipeline,
    token: str,
    run_input: Any,
    overrides: Mapping[str, Any] | None = None,
    stack_prefix: str = DEFAULT_STACK_PREFIX,
    *,
    anyway: bool = False,
) -> str:
    """Request a run by an event on the default bus, and return the run's id; the same token requests the same
    run.

    ``run_input`` is any JSON value. ``overrides`` are what its steps get instead of what the pipeline's file
    says; see docs/machines.md. ``stack_prefix`` says which Sluice of the account; ``anyway`` starts a paused
    pipeline, too.

    Raises RequestError for a pipeline without a Manual trigger or an input that is too large, OperationError
    when EventBridge does not take the event.
    """
    if not any(isinstance(trigger, Manual) for trigger in pipeline.triggers):
        raise RequestError(
            f"Expected a Manual trigger of {pipeline.name}, found none. Give files for its upload trigger, or"
            " add Manual() and deploy."
        )
    return send_request(events, pipeline.name, token, run_input, overrides, stack_prefix, anyway=anyway)


def check_overrides(pipeline: Pipeline, overrides: Mapping[str, Any], queues: Mapping[str, str]) -> None:
    """Raise RequestError with what the trigger Lambda would refuse these overrides for, given a pipeline as
    this repository has it.
    """
    names = JobDefinitions(steps={step.name: "" for step in pipeline.steps}, cleanup="", gate="")
    try:
        overridden(run_id(pipeline.name, MANUAL, {}), compile_pipeline(pipeline, names), overrides, queues)
    except MalformedMessageError as error:
        raise RequestError(str(error)) from error
