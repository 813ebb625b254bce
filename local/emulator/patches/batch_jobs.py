"""Lacking: EventBridge rules whose target is a job queue, and Step Functions' ``batch:submitJob``. ministack
drops the first with a line in its log, and fails executions with the second.

Jobs are submitted with the permissions of the target's or the state machine's role, as on AWS. What is
refused is said by name: by EventBridge in the cloud's log (on AWS in the metric FailedInvocations), by Step
Functions as ``Batch.…`` in the execution.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_BatchParameters.html
https://docs.aws.amazon.com/batch/latest/userguide/batch-cwe-target.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ministack.services import (
    eventbridge,
    stepfunctions,
)

log = logging.getLogger(__name__)

CallBatch = Callable[[str, Mapping[str, Any], str], dict[str, Any]]
"""Makes a call of AWS Batch, by the operation's name and its parameters, as a role (by its ARN) may."""
_SUBMIT_JOB = "arn:aws:states:::batch:submitJob"
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
_ANY_CALL = "arn:aws:states:::aws-sdk:batch:"
_ENDED = ("SUCCEEDED", "FAILED")
# Whose keys are names of the user's own.
_MAPS = frozenset({"parameters", "tags", "options"})
_execution: ContextVar[str] = ContextVar("execution")
_deadline: ContextVar[float | None] = ContextVar("deadline")
_SECONDS_BETWEEN_LOOKS = 0.2


class RefusedError(Exception):
    """AWS Batch refused a call; ``code`` is that of its answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def submit_for_rules(call: CallBatch) -> None:
    """Let EventBridge submit a job where a rule's target is a job queue."""
    invoke = eventbridge._invoke_target

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *more: Any) -> Any:
        if ":batch:" not in target.get("Arn", ""):
            return invoke(target, event, rule, *more)
        payload = _payload(target, event, rule, *more)
        try:
            answer = call("SubmitJob", job_of_target(target, payload), str(target.get("RoleArn", "")))
        except Exception as error:  # noqa: BLE001 - the rule's other targets have their event all the same
            log.error("EventBridge: the rule %s could not submit its job: %s", rule.get("Name"), error)
        else:
            log.info("EventBridge: the rule %s submitted the job %s", rule.get("Name"), answer["jobId"])
        return None

    eventbridge._invoke_target = invoke_target


def _payload(target: Mapping[str, Any], event: dict[str, Any], rule: Any, *more: Any) -> Any:
    """Return the target's input where it has one: its event is nothing that a job takes."""
    view = (more[0] if more else None) or eventbridge._pattern_event_view(event)
    if transformer := target.get("InputTransformer"):
        text = eventbridge._apply_input_transformer(transformer, rule, view)
    else:
        text = target.get("Input") or "{}"
    try:
        return json.loads(text)
    except ValueError:
        return {}


def job_of_target(target: Mapping[str, Any], payload: Any) -> dict[str, Any]:
    """Return the parameters of SubmitJob; a target's input may have ``Parameters`` and
    ``ContainerOverrides``.
    """
    batch = target.get("BatchParameters") or {}
    request: dict[str, Any] = {
        "jobName": batch.get("JobName", ""),
        "jobQueue": target["Arn"],
        "jobDefinition": batch.get("JobDefinition", ""),
    }
    for name in ("ArrayProperties", "RetryStrategy"):
        if name in batch:
            request |= in_camel_case({name: batch[name]})
    given = payload if isinstance(payload, dict) else {}
    if isinstance(given.get("Parameters"), dict):
        # The names of parameters are the definition's own.
        request["parameters"] = {name: str(value) for name, value in given["Parameters"].items()}
    if "ContainerOverrides" in given:
        request |= in_camel_case({"ContainerOverrides": given["ContainerOverrides"]})
    return request


def submit_for_executions(call: CallBatch) -> None:
    """Let Step Functions submit a job, and with ``.sync`` wait for its end; and make any call as its SDK."""

    def submit(resource: str, given: Mapping[str, Any]) -> dict[str, Any]:
        role = _role_of_execution()
        submitted = _called(call, "SubmitJob", job_of_task(given), role)
        if ".sync" in resource:
            return _wait(call, submitted["jobId"], role)
        answer: dict[str, Any] = in_pascal_case(submitted)
        return answer

    run = stepfunctions._run_execution

    def run_execution(execution: str, *more: Any, **named: Any) -> Any:
        _execution.set(execution)
        return run(execution, *more, **named)

    within = stepfunctions._invoke_resource_with_timeout

    def invoke_within(resource: str, given: Any, seconds: float) -> Any:
        _deadline.set(time.monotonic() + seconds)
        try:
            return within(resource, given, seconds)
        finally:
            _deadline.set(None)

    stepfunctions._run_execution = run_execution
    stepfunctions._invoke_resource_with_timeout = invoke_within
    stepfunctions._SERVICE_DISPATCH[_SUBMIT_JOB] = submit

    def call_by_name(resource: str, given: Mapping[str, Any]) -> dict[str, Any]:
        action = resource.removeprefix(_ANY_CALL)
        operation = action[:1].upper() + action[1:]
        answer = _called(call, operation, job_of_task(given), _role_of_execution())
        renamed: dict[str, Any] = in_pascal_case(answer)
        return renamed

    stepfunctions._SERVICE_DISPATCH[_ANY_CALL] = call_by_name


def job_of_task(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of SubmitJob; in a state's, the value of a parameter may be a number, as in the
    example of https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html.
    """
    request: dict[str, Any] = in_camel_case(given)
    if isinstance(request.get("parameters"), dict):
        request["parameters"] = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in request["parameters"].items()
        }
    return request


def _execution_now() -> dict[str, Any]:
    found: dict[str, Any] = stepfunctions._executions.get(_execution.get(""), {})
    return found


def _role_of_execution() -> str:
    execution = _execution_now()
    machine = stepfunctions._state_machines.get(execution.get("stateMachineArn", ""), {})
    return str(machine.get("roleArn", ""))


def _wait(call: CallBatch, job_id: str, role: str) -> dict[str, Any]:
    """Return the job that has succeeded; a failed one ends the state with States.TaskFailed and the job.

    The job of a task that is aborted is terminated: "Step Functions will make a best-effort attempt to cancel
    the task", https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync.
    """
    aborted = ""
    while not aborted:
        [job] = _called(call, "DescribeJobs", {"jobs": [job_id]}, role)["jobs"]
        if job["status"] in _ENDED:
            break
        stepfunctions._scaled_sleep(_SECONDS_BETWEEN_LOOKS)
        aborted = _why_aborted()
    described: dict[str, Any] = in_pascal_case(job)
    if aborted:
        _terminate(call, job_id, aborted, role)
    elif job["status"] == "FAILED":
        raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(described))
    return described


def _terminate(call: CallBatch, job_id: str, reason: str, role: str) -> None:
    """Terminate the job of an aborted task. What becomes of the task nobody reads any more: an error would be
    tried again, or stand in the place of ABORTED.
    """
    try:
        call("TerminateJob", {"jobId": job_id, "reason": reason}, role)
    except RefusedError as refused:
        log.error("Step Functions could not terminate the job %s of an aborted task: %s", job_id, refused)


def _why_aborted() -> str:
    """Return why nobody waits for a task any more, an empty text while somebody does."""
    deadline = _deadline.get(None)
    if deadline is not None and time.monotonic() > deadline:
        return "The task of AWS Step Functions timed out"
    if _execution_now().get("status", "RUNNING") != "RUNNING":
        return "The execution of AWS Step Functions was stopped"
    return ""


def _called(call: CallBatch, operation: str, parameters: Mapping[str, Any], role: str) -> dict[str, Any]:
    try:
        return call(operation, parameters, role)
    except RefusedError as refused:
        raise stepfunctions._ExecutionError(f"Batch.{refused.code}", refused.message) from None


def in_camel_case(value: Any) -> Any:
    """Return a request's members as AWS Batch's API names them; a map's keys stay."""
    return _renamed(value, lambda name: name[:1].lower() + name[1:])


def in_pascal_case(value: Any) -> Any:
    """Return an answer's members as Step Functions names them; a map's keys stay."""
    return _renamed(value, lambda name: name[:1].upper() + name[1:])


def _renamed(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_renamed(one, rename) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {
        rename(name): one if name[:1].lower() + name[1:] in _MAPS else _renamed(one, rename)
        for name, one in value.items()
    }
