"""Turns a validated pipeline into the form that travels with a run, with the steps that Sluice adds: start,
gates and cleanup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from sluice.catch_up.time_zones import time_zone_data
from sluice.compute import SHARE, Compute, QueueKey, QueueName
from sluice.duration import seconds_of
from sluice.pipeline.after import Always, Finished, needed
from sluice.pipeline.definition import (
    INPUT,
    Array,
    Manual,
    MultiNode,
    Pipeline,
    Plan,
    S3Upload,
    Schedule,
    Step,
)
from sluice.pipeline.file_sets import patterns_of, sets_of
from sluice.pipeline.node_groups import groups_of
from sluice.pipeline.retry_rules import unhandled_faults
from sluice.pipeline.trigger_names import schedule_name
from sluice.pipeline.validation.graph import parents_of
from sluice.pipeline.validation.offered import Offered
from sluice.pipeline.validation.steps.retry_rules import runs_function
from sluice.run.compiled import CaughtUpSchedule, CompiledMachine, CompiledPipeline, CompiledStep, Kind
from sluice.run.concurrency import Concurrency
from sluice.run.graph import gate_tree, sinks, topological_order
from sluice.triggers.inbox import requests_prefix

CLEANUP = "cleanup"
START = "start"
_KINDS: dict[type, Kind] = {Plan: Kind.PLAN, Array: Kind.ARRAY, MultiNode: Kind.MULTI_NODE}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefinitions:
    """The names of the job definitions of one pipeline: of its steps that have jobs, and of the steps that
    Sluice adds.
    """

    steps: Mapping[str, str]
    cleanup: str
    gate: str
    start: str = ""
    """Only for a pipeline whose first steps a job submits."""
    images: Mapping[str, str] = field(default_factory=dict)
    """The images that the definition of each step names."""


def compile_pipeline(
    pipeline: Pipeline,
    definitions: JobDefinitions,
    offered: Offered | None = None,
    tags: Mapping[str, str] | None = None,
    *,
    followed: bool = False,
) -> CompiledPipeline:
    """Return the pipeline with its cleanup and gates, in topological order; ``offered`` is what the deploy
    offers, which bounds what a run may be asked for with, and ``tags`` are those of its jobs. ``followed``
    says that runs of other pipelines start after its runs.
    """
    written = {step.name: step for step in pipeline.steps}
    parents = {name: parents_of(step) for name, step in written.items()}
    steps = [
        _compiled(written[name], written, definitions.steps.get(name, ""), pipeline)
        for name in topological_order(parents)
    ]
    added = _QueuesOf(pipeline)
    tidy = str(added.queue("normal"))
    steps.append(
        CompiledStep(
            name=CLEANUP,
            kind=Kind.CLEANUP,
            job_definition=definitions.cleanup,
            queue=tidy,
            after=sinks(parents),
        )
    )
    if pipeline.submit_from == "start-job":
        steps = _started(steps, definitions.start, added)
    steps = _with_images(steps, definitions)
    gated = tuple(one for step in steps for one in _gated(step, definitions.gate, added))
    overridable = _overridable(pipeline)
    if overridable:
        gated = _with_machines(gated, written, offered)
    late = seconds_of(pipeline.expected_within) if pipeline.expected_within else None
    return CompiledPipeline(
        name=pipeline.name,
        steps=gated,
        expected_within=late,
        ticket=pipeline.ticket,
        keep_failed=pipeline.keep_failed,
        overridable=overridable,
        inbox=inbox_of(pipeline),
        connected=_connected(pipeline),
        tags=dict(pipeline.tags if tags is None else tags),
        results=_results(pipeline),
        concurrency=concurrency_of(pipeline),
        followed=followed,
        catch_up=_caught_up(pipeline),
    )


def _caught_up(pipeline: Pipeline) -> tuple[CaughtUpSchedule, ...]:
    """Return the schedules whose missed times get their runs."""
    return tuple(
        CaughtUpSchedule(
            trigger=schedule_name(one),
            expression=one.expression,
            timezone=one.timezone,
            zone=time_zone_data(one.timezone),
            start=one.start or "",
            input=one.input,
        )
        for one in pipeline.triggers
        if isinstance(one, Schedule) and one.catch_up
    )


def _results(pipeline: Pipeline) -> str:
    return pipeline.results or ""


def concurrency_of(pipeline: Pipeline) -> Concurrency | None:
    """Return how many runs of the pipeline may run at the same time; None for any number."""
    if pipeline.max_concurrent_runs is None:
        return None
    return Concurrency(pipeline.max_concurrent_runs, pipeline.per, pipeline.replace or "")


def _with_images(steps: list[CompiledStep], definitions: JobDefinitions) -> list[CompiledStep]:
    return [replace(step, image=definitions.images.get(step.name, "")) for step in steps]


def inbox_of(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the prefixes of the files that start the pipeline's runs or come with its requests: its jobs may
    read these.
    """
    uploads = [one.prefix for one in pipeline.triggers if isinstance(one, S3Upload) and one.bucket is None]
    asked = (
        [requests_prefix(pipeline.name)]
        if any(isinstance(trigger, Manual) for trigger in pipeline.triggers)
        else []
    )
    sets = [pattern.prefix for found in sets_of(pipeline) for pattern in patterns_of(found)]
    return tuple(dict.fromkeys([*uploads, *sets, *asked]))


def buckets_of(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """Return the buckets, besides the inbox, whose files start the pipeline's runs, each with the prefixes of
    these files.
    """
    prefixes: dict[str, list[str]] = {}
    for trigger in pipeline.triggers:
        if isinstance(trigger, S3Upload) and trigger.bucket is not None:
            prefixes.setdefault(trigger.bucket, []).append(trigger.prefix)
    return {bucket: tuple(dict.fromkeys(found)) for bucket, found in prefixes.items()}


def _connected(pipeline: Pipeline) -> tuple[str, ...]:
    return tuple(
        f"{bucket}/{prefix}" for bucket, prefixes in buckets_of(pipeline).items() for prefix in prefixes
    )


def keys_of(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the keys that encrypt what the pipeline's triggers take from other buckets than the inbox."""
    keys = [one.kms_key for one in pipeline.triggers if isinstance(one, S3Upload)]
    return tuple(dict.fromkeys(key for key in keys if key))


def own_compute(pipeline: Pipeline) -> Compute:
    """Return where the steps that Sluice adds run: on the usual machines, or on Fargate where all else of the
    pipeline does.
    """
    return (
        Compute.FARGATE
        if all(Compute.of(step.compute).is_fargate for step in pipeline.steps)
        else Compute.SPOT
    )


@dataclass(frozen=True, slots=True)
class _QueuesOf:
    """The queues of the steps that Sluice adds to a pipeline."""

    pipeline: Pipeline

    def queue(self, name: str) -> QueueKey:
        """Return the queue of this name."""
        compute = own_compute(self.pipeline)
        return QueueKey(name, compute, owner=_owner(self.pipeline, compute))


def _owner(pipeline: Pipeline, compute: Compute) -> str:
    """Return whose alone the queues of a pipeline on these machines are; nobody's is an empty text."""
    return pipeline.name if pipeline.machines == "own" and not compute.is_fargate else ""


def _share(pipeline: Pipeline, step: Step) -> str | None:
    """Return the share of a step's jobs, None where their order is that of their submission."""
    if pipeline.share is None and step.priority is None:
        return None
    return pipeline.share or SHARE


def queues_of(pipelines: Iterable[Pipeline]) -> set[str]:
    """Return the keys of the queues that these pipelines' steps go to, and those that Sluice adds to them."""
    nameless = [
        compile_pipeline(
            one, JobDefinitions(steps={step.name: "" for step in one.steps}, cleanup="", gate="")
        )
        for one in pipelines
    ]
    steps = [step for pipeline in nameless for step in pipeline.steps]
    return {queue for step in steps for queue in (step.queue, *([step.steady] if step.reclaimed else []))}


def _overridable(pipeline: Pipeline) -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                name
                for trigger in pipeline.triggers
                if isinstance(trigger, Manual)
                for name in trigger.overrides
            }
        )
    )


def _with_machines(
    steps: Iterable[CompiledStep], written: Mapping[str, Step], offered: Offered | None
) -> tuple[CompiledStep, ...]:
    return tuple(replace(one, machine=_machine(written.get(one.name), offered)) for one in steps)


def _machine(step: Step | None, offered: Offered | None) -> CompiledMachine | None:
    if step is None or isinstance(step, MultiNode):
        return None
    compute = Compute.of(step.compute)
    most = {
        name: offered.max_vcpus_in(QueueKey(name, compute)) if offered else None
        for name in get_args(QueueName)
    }
    return CompiledMachine(
        compute,
        step.vcpus,
        step.memory,
        step.gpus,
        tuple(sorted(step.parameters)),
        {name: vcpus for name, vcpus in most.items() if vcpus is not None},
    )


def _started(steps: list[CompiledStep], job_definition: str, added: _QueuesOf) -> list[CompiledStep]:
    """Return the steps with a start job upstream of all: the steps without parents wait for it, so none runs
    before all are submitted.
    """
    urgent = any(QueueKey.parse(step.queue).name == "urgent" for step in steps)
    queue = added.queue("urgent" if urgent else "normal")
    start = CompiledStep(name=START, kind=Kind.START, job_definition=job_definition, queue=str(queue))
    return [start, *(step if step.parents else replace(step, after=(START,)) for step in steps)]


def _compiled(step: Step, steps: Mapping[str, Step], job_definition: str, pipeline: Pipeline) -> CompiledStep:
    compute = Compute.of(step.compute)
    share, owner = _share(pipeline, step), _owner(pipeline, compute)
    fair = share is not None
    compiled = CompiledStep(
        name=step.name,
        kind=_KINDS.get(type(step), Kind.JOB),
        job_definition=job_definition,
        queue=str(QueueKey(step.queue, compute, fair, owner)),
        steady=str(QueueKey("steady", compute, fair, owner)),
        submit={"shareIdentifier": share} if fair else {},
        after=needed(step.after),
        returns=step.command is None,
        supervised=step.command is None,
        takes_input=INPUT in (step.command or ()),
        **_tolerated(step),
        always=tuple(dict.fromkeys(one.step for one in step.after if isinstance(one, Always))),
    )
    if step.retries:
        compiled = replace(
            compiled,
            times=step.retries.times,
            reclaimed=step.retries.reclaimed or 0,
            memory_sizes=tuple(step.retries.memory),
        )
    return _with_faults(_with_kind(compiled, step, steps), step, compute)


def _with_faults(compiled: CompiledStep, step: Step, compute: Compute) -> CompiledStep:
    """Return a compiled step that says what its retry rules do not. A step that is to begin once alone is not
    repeated for a machine's fault either, and an array of commands, which has no parts, no more than once.
    """
    faults = unhandled_faults(step.retry, function=runs_function(step), compute=compute)
    times = min(step.attempts - 1, 1) if compiled.is_retried_whole else step.attempts - 1
    if not faults or not times:
        return compiled
    return replace(compiled, unhandled_faults=faults, fault_times=times)


def _tolerated(step: Step) -> dict[str, Any]:
    """Return the fields of a compiled step that say how many failed items of arrays it tolerates."""
    tolerant = [one for one in step.after if isinstance(one, Finished)]
    return {
        "finished": tuple((one.step, float(one.at_least or 0)) for one in tolerant),
        "at_most": tuple((one.step, one.at_most) for one in tolerant if one.at_most is not None),
    }


def _with_kind(compiled: CompiledStep, step: Step, steps: Mapping[str, Step]) -> CompiledStep:
    """Return a compiled step with the fields that only its kind has."""
    if isinstance(step, Plan):
        return replace(compiled, of_uploads=step.of_uploads)
    if isinstance(step, MultiNode):
        groups = groups_of(step)
        nodes = tuple(group.nodes for group in groups)
        return replace(compiled, returns=groups[0].command is None, groups=nodes)
    if isinstance(step, Array):
        source = _source(step, steps)
        return replace(
            compiled,
            each=step.follows,
            items_of=source.items_of,
            items_per_child=source.items_per_child,
            size=source.size,
            sequential=step.sequential,
            continues=step.command is None and step.on_error == "continue",
        )
    return compiled


def _source(step: Array, steps: Mapping[str, Step]) -> Array:
    """Return an array at the head of a chain of N_TO_N arrays: all of them have its children."""
    while step.follows:
        followed = steps[step.follows[0]]
        assert isinstance(followed, Array), "validation lets only arrays be followed"  # noqa: S101
        step = followed
    return step


def _gated(step: CompiledStep, job_definition: str, added: _QueuesOf) -> Iterator[CompiledStep]:
    """Yield the gates that reduce a step's parents to at most 20, the arrays that it follows included, then
    the step.
    """
    parents = step.after
    for level, groups in enumerate(gate_tree(parents, step.max_parents - len(step.each))):
        gates = [
            CompiledStep(
                name=f"gate-{level}-{number}-{step.name}",
                kind=Kind.GATE,
                job_definition=job_definition,
                queue=str(added.queue(QueueKey.parse(step.queue).name)),
                after=tuple(parents[int(member)] for member in group) if level else group,
            )
            for number, group in enumerate(groups)
        ]
        yield from gates
        parents = tuple(gate.name for gate in gates)
    yield replace(step, after=parents)
