"""Checks a step's machine: which fields fit together, and what the machines that it names have."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from sluice.compute import Compute
from sluice.errors import Mistake
from sluice.fargate_sizes import size_problem
from sluice.pipeline.definition import MultiNode, Pipeline, Step
from sluice.pipeline.validation.fields import checked, is_number, of_type
from sluice.pipeline.validation.steps.containers import (
    check_memory_folders,
    check_mounts,
    check_parameters,
    check_secrets,
    check_ulimits,
)
from sluice.pipeline.validation.steps.retry_rules import check_retry

_FOR_NODES = (Compute.ON_DEMAND, Compute.GPU, Compute.ARM)
_WITH_GPUS = (Compute.GPU, Compute.UNMANAGED)


def check_machine(step: Step) -> Iterator[Mistake]:
    """Yield the fields of a step's machine that do not fit together; fields of a wrong type have been
    reported and are left out.
    """
    where = f"steps[{step.name!r}]"
    yield from check_parameters(where, step)
    yield from check_secrets(where, step)
    yield from check_mounts(where, step)
    yield from check_ulimits(where, step)
    yield from check_memory_folders(where, step)
    compute = _compute(step)
    if compute is None:
        return
    yield from check_retry(where, step, compute)
    yield from _queue(where, step)
    if isinstance(step, MultiNode):
        yield from _nodes(where, step)
    yield from _gpus(where, step, compute)
    if compute.is_fargate:
        yield from _fargate(where, step)
        return
    yield from _whole_vcpus(where, step)
    if step.storage is not None:
        fix = 'Write compute="fargate", or drop storage=: the disk of a machine is shared by the jobs on it.'
        yield Mistake(f"{where}.storage", "none but on Fargate", repr(step.storage), fix)


def check_owned(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with the disk and the share of a pipeline."""
    fields = get_type_hints(Pipeline, include_extras=True)
    for name in ("disk", "share"):
        yield from checked(name, TypeAdapter(fields[name]), getattr(pipeline, name))
    if pipeline.disk is not None and pipeline.machines != "own":
        fix = 'Write machines="own" beside it, or deploy with SLUICE_DISK_GIB, which is for all.'
        yield Mistake("disk", 'none without machines="own"', repr(pipeline.disk), fix)


def check_owner(step: Step, pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield a step on machines that Sluice cannot keep for its pipeline: it does not launch them."""
    if pipeline.machines == "own" and _compute(step) is Compute.UNMANAGED:
        fix = 'Write other machines, or drop machines="own".'
        yield Mistake(
            f"steps[{step.name!r}].compute",
            'machines that AWS Batch launches, in a pipeline with machines="own"',
            repr(step.compute),
            fix,
        )


def _compute(step: Step) -> Compute | None:
    try:
        return Compute.of(step.compute)
    except (ValueError, TypeError):
        return None


def _queue(where: str, step: Step) -> Iterator[Mistake]:
    if step.queue == "steady" and step.compute in ("spot", "fargate_spot"):
        fix = 'Write another queue, or compute="on_demand" or "fargate": what is steady is never taken back.'
        yield Mistake(
            f"{where}.compute",
            "machines that AWS never takes back, for the queue steady",
            repr(step.compute),
            fix,
        )


def _nodes(where: str, step: MultiNode) -> Iterator[Mistake]:
    """Source: https://docs.aws.amazon.com/batch/latest/userguide/mnp-ce.html."""
    if step.compute is not None and step.compute not in _FOR_NODES:
        fix = f"Write one of {', '.join(_FOR_NODES)}, or drop compute=."
        yield Mistake(
            f"{where}.compute",
            "machines that Batch itself launches and AWS never takes back",
            repr(step.compute),
            fix,
        )
    if step.parameters:
        fix = "Write the words themselves, or use environment=."
        yield Mistake(f"{where}.parameters", "none for a MultiNode", _names(step.parameters), fix)


def _gpus(where: str, step: Step, compute: Compute) -> Iterator[Mistake]:
    if not is_number(step.gpus):
        return
    if step.gpus and compute not in _WITH_GPUS:
        yield Mistake(
            f"{where}.gpus", "none on machines without GPUs", repr(step.gpus), 'Write compute="gpu".'
        )
    if compute is Compute.GPU and step.gpus == 0:
        yield Mistake(
            f"{where}.gpus", 'at least 1 for compute="gpu"', "0", "Write gpus=1, or other machines."
        )


def _whole_vcpus(where: str, step: Step) -> Iterator[Mistake]:
    """Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html."""
    if is_number(step.vcpus) and math.isfinite(step.vcpus) and step.vcpus % 1:
        fix = f'Write vcpus={math.ceil(step.vcpus)}, or compute="fargate", which has 0.25 and 0.5 too.'
        yield Mistake(f"{where}.vcpus", "a whole number on machines of EC2", f"{step.vcpus:g}", fix)


def _fargate(where: str, step: Step) -> Iterator[Mistake]:
    """Source: https://docs.aws.amazon.com/batch/latest/userguide/when-to-use-fargate.html."""
    if (
        is_number(step.vcpus)
        and is_number(step.memory)
        and (problem := size_problem(step.vcpus, step.memory))
    ):
        yield Mistake(where, *problem)
    if of_type(step.ulimits, dict):
        fix = "Drop ulimits=, or run it on machines of EC2."
        yield Mistake(
            f"{where}.ulimits", "none on Fargate, which has limits of its own", _names(step.ulimits), fix
        )
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_LinuxParameters.html
    for name in ("shared_memory", "tmpfs"):
        if value := getattr(step, name):
            fix = f"Drop {name}=, or run it on machines of EC2."
            yield Mistake(f"{where}.{name}", "none on Fargate", repr(value), fix)


def _names(value: Any) -> str:
    return ", ".join(str(name) for name in value)
