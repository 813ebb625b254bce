"""Overrides per run: what a request asks for otherwise than the pipeline's file does, for steps of its run.

They are checked when the run begins and become part of the pipeline that is stored with it, so that whatever
submits its steps, now or again, does as they say. Source:
https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerOverrides.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args

from sluice.compute import Compute, QueueKey, QueueName
from sluice.errors import LimitError, MalformedMessageError
from sluice.fargate_sizes import size_problem
from sluice.limits import (
    MAX_TIMEOUT_SECONDS,
    MIN_MEMORY_MIB,
    MIN_TIMEOUT_SECONDS,
    OWN_VARIABLE,
    is_own_variable,
    is_value,
)
from sluice.run.compiled import CompiledMachine, CompiledPipeline, CompiledStep
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request

Asked = Mapping[str, Any]
Problems = Iterator[str]


def overridden(
    run_id: str, pipeline: CompiledPipeline, asked: Asked, queues: Mapping[str, str]
) -> CompiledPipeline:
    """Return the pipeline as a run of it was asked for: ``{"step": {"memory": 4096, …}, …}``.

    ``queues`` are the queues that are deployed. Raises MalformedMessageError that names everything that is
    wrong.
    """
    problems = list(_problems(pipeline, asked, queues))
    if not problems:
        steps = tuple(_changed(step, asked.get(step.name, {})) for step in pipeline.steps)
        problems = list(_too_long(run_id, [step for step in steps if step.name in asked], queues))
    if problems:
        raise MalformedMessageError(f"The request's overrides have mistakes. {' '.join(problems)}")
    return replace(pipeline, steps=steps)


def _problems(pipeline: CompiledPipeline, asked: object, queues: Mapping[str, str]) -> Problems:
    if not pipeline.overridable:
        yield (
            "Expected none: the pipeline's Manual trigger takes none. Write Manual(overrides=[…]) and deploy,"
            " or leave them out."
        )
        return
    machines = {step.name: (step, step.machine) for step in pipeline.steps if step.machine is not None}
    if not isinstance(asked, dict):
        yield f'Expected overrides such as {{"step": {{"memory": 4096}}}}, found {str(asked)[:100]!r}.'
        return
    for name, changes in asked.items():
        where = f"overrides[{name!r}]"
        if name not in machines:
            yield f"{where}: expected one of {', '.join(machines) or 'no step at all'}, found no such step."
        elif not isinstance(changes, dict) or not changes:
            yield f"{where}: expected what is to be otherwise, found {str(changes)[:100]!r}."
        else:
            step, machine = machines[name]
            yield from _problems_of_step(where, step, machine, changes, pipeline.overridable, queues)


def _problems_of_step(
    where: str,
    step: CompiledStep,
    machine: CompiledMachine,
    changes: Asked,
    allowed: tuple[str, ...],
    queues: Mapping[str, str],
) -> Problems:
    right = True
    for field, value in changes.items():
        if field not in allowed:
            right = False
            yield (
                f"{where}: expected some of {', '.join(allowed)}, found {field!r}. Manual(overrides=[…]) says"
                " which."
            )
        elif expected := _CHECKS[field](value, step, machine):
            right = False
            yield f"{where}.{field}: expected {expected}, found {str(value)[:100]!r}."
    if right:
        yield from _problems_together(where, step, machine, changes, queues)


def _problems_together(
    where: str,
    step: CompiledStep,
    machine: CompiledMachine,
    changes: Asked,
    queues: Mapping[str, str],
) -> Problems:
    """Yield what is wrong with changes of which each is right."""
    if machine.compute.is_fargate and (
        problem := size_problem(changes.get("vcpus", machine.vcpus), changes.get("memory", machine.memory))
    ):
        yield f"{where}: expected {problem[0]}, found {problem[1]}."
    if (most := _max_vcpus(step, machine, changes)) and changes.get("vcpus", 0) > most:
        yield f"{where}.vcpus: expected at most {most}, which its machines have, found {changes['vcpus']:g}."
    if "queue" in changes and (key := str(_key(step, machine, changes["queue"]))) not in queues:
        yield (
            f"{where}.queue: expected a queue that is deployed ({', '.join(sorted(queues))}), found {key!r}."
        )


def _max_vcpus(step: CompiledStep, machine: CompiledMachine, changes: Asked) -> int | None:
    return machine.max_vcpus.get(changes.get("queue", QueueKey.parse(step.queue).name))


def _key(step: CompiledStep, machine: CompiledMachine, queue: str) -> QueueKey:
    return replace(QueueKey.parse(step.queue), name=queue, compute=machine.compute)


def _changed(step: CompiledStep, changes: Asked) -> CompiledStep:
    if not changes or step.machine is None:
        return step
    queue = str(_key(step, step.machine, changes["queue"])) if "queue" in changes else step.queue
    return replace(step, queue=queue, submit={**step.submit, **_request(step.machine, changes)})


def _request(machine: CompiledMachine, changes: Asked) -> dict[str, Any]:
    """Return the members of a SubmitJob request that say so."""
    container = _container(machine, changes)
    request: dict[str, Any] = {"containerOverrides": container} if container else {}
    for field, member in _MEMBERS.items():
        if field in changes:
            request[member] = changes[field]
    if "timeout" in changes:
        request["timeout"] = {"attemptDurationSeconds": changes["timeout"]}
    return request


_MEMBERS = {"parameters": "parameters", "share": "shareIdentifier"}


def _container(machine: CompiledMachine, changes: Asked) -> dict[str, Any]:
    sizes = {
        "VCPU": _vcpus(machine, changes.get("vcpus")),
        "MEMORY": changes.get("memory"),
        "GPU": changes.get("gpus"),
    }
    container: dict[str, Any] = {}
    if requirements := [
        {"type": kind, "value": str(amount)} for kind, amount in sizes.items() if amount is not None
    ]:
        container["resourceRequirements"] = requirements
    if "command" in changes:
        container["command"] = changes["command"]
    if "environment" in changes:
        container["environment"] = [
            {"name": name, "value": value} for name, value in changes["environment"].items()
        ]
    return container


def _vcpus(machine: CompiledMachine, asked: float | None) -> float | int | None:
    """Return whole vCPUs for machines of EC2, which have no others: 2 for 2.0."""
    return asked if asked is None or machine.compute.is_fargate else int(asked)


def _too_long(run_id: str, steps: list[CompiledStep], queues: Mapping[str, str]) -> Problems:
    for step in steps:
        try:
            submit_request(run_id, Submission(step, 1), queues, {})
        except LimitError as error:
            yield f"overrides[{step.name!r}]: {error}"


def _whole(low: int, high: int) -> Callable[[Any, CompiledStep, CompiledMachine], str | None]:
    def check(value: object, step: CompiledStep, machine: CompiledMachine) -> str | None:
        return None if type(value) is int and low <= value <= high else f"a whole number from {low} to {high}"

    return check


def _check_vcpus(value: object, step: CompiledStep, machine: CompiledMachine) -> str | None:
    least = 0.25 if machine.compute.is_fargate else 1
    fits = isinstance(value, int | float) and type(value) is not bool and least <= value <= 192
    if fits and (machine.compute.is_fargate or value % 1 == 0):  # type: ignore[operator]
        return None
    return "a number from 0.25 to 192" if machine.compute.is_fargate else "a whole number from 1 to 192"


def _check_gpus(value: object, step: CompiledStep, machine: CompiledMachine) -> str | None:
    if machine.compute not in (Compute.GPU, Compute.UNMANAGED) or not machine.gpus:
        return "none for a step without GPUs"
    return _whole(1, 16)(value, step, machine)


def _check_environment(value: object, step: CompiledStep, machine: CompiledMachine) -> str | None:
    if not _texts(value):
        return "an object of texts"
    variables: dict[str, str] = value  # type: ignore[assignment]
    if not all(map(is_own_variable, variables)):
        return OWN_VARIABLE
    return None if all(map(is_value, variables.values())) else "texts that are not empty: Batch drops those"


def _check_command(value: object, step: CompiledStep, machine: CompiledMachine) -> str | None:
    if step.returns:
        return "none for a function; a step with command= may have another one"
    right = isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)
    return None if right else "a list of words"


def _check_parameters(value: object, step: CompiledStep, machine: CompiledMachine) -> str | None:
    right = _texts(value) and set(value) <= set(machine.parameters)  # type: ignore[call-overload]
    return (
        None
        if right
        else (
            "an object of texts with some of"
            f" {', '.join(machine.parameters) or 'no names: the step has no parameters'}"
        )
    )


def _check_queue(value: object, step: CompiledStep, machine: CompiledMachine) -> str | None:
    return None if value in get_args(QueueName) else f"one of {', '.join(get_args(QueueName))}"


def _check_share(value: object, step: CompiledStep, machine: CompiledMachine) -> str | None:
    if not QueueKey.parse(step.queue).fair:
        return "none for a step without priority= in a pipeline without share="
    right = isinstance(value, str) and len(value) <= 255 and value.isascii() and value.isalnum()
    return None if right else "1 to 255 letters and digits"


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


_CHECKS: Mapping[str, Callable[[Any, CompiledStep, CompiledMachine], str | None]] = {
    "vcpus": _check_vcpus,
    "memory": _whole(MIN_MEMORY_MIB, 3_145_728),
    "gpus": _check_gpus,
    "environment": _check_environment,
    "command": _check_command,
    "parameters": _check_parameters,
    "timeout": _whole(MIN_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS),
    "queue": _check_queue,
    "share": _check_share,
}
