"""Turns a validated pipeline into the form that travels with a run, with the steps that Sluice adds: start,
gates and cleanup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sluice.compute import SHARE, Compute, QueueKey
from sluice.duration import seconds_of
from sluice.pipeline.after import Always, Finished, needed
from sluice.pipeline.definition import INPUT, Array, Manual, MultiNode, Pipeline, Plan, S3Upload, Step
from sluice.pipeline.node_groups import groups_of
from sluice.pipeline.validation.graph import parents_of
from sluice.run.compiled import CompiledMachine, CompiledPipeline, CompiledStep, Kind
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


def compile_pipeline(pipeline: Pipeline, definitions: JobDefinitions) -> CompiledPipeline:
    """Return the pipeline with its cleanup and gates, in topological order."""
    written = {step.name: step for step in pipeline.steps}
    parents = {name: parents_of(step) for name, step in written.items()}
    steps = [
        _compiled(written[name], written, definitions.steps.get(name, ""))
        for name in topological_order(parents)
    ]
    own = own_compute(pipeline)
    tidy = str(QueueKey("normal", own))
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
        steps = _started(steps, definitions.start, own)
    gated = tuple(one for step in steps for one in _gated(step, definitions.gate, own))
    overridable = _overridable(pipeline)
    if overridable:
        gated = tuple(replace(one, machine=_machine(written.get(one.name))) for one in gated)
    late = seconds_of(pipeline.expected_within) if pipeline.expected_within else None
    return CompiledPipeline(
        name=pipeline.name,
        steps=gated,
        expected_within=late,
        ticket=pipeline.ticket,
        keep_failed=pipeline.keep_failed,
        overridable=overridable,
        inbox=inbox_of(pipeline),
    )


def inbox_of(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the prefixes of the files that start the pipeline's runs or come with its requests: its jobs may
    read these.
    """
    uploads = [trigger.prefix for trigger in pipeline.triggers if isinstance(trigger, S3Upload)]
    asked = (
        [requests_prefix(pipeline.name)]
        if any(isinstance(trigger, Manual) for trigger in pipeline.triggers)
        else []
    )
    return tuple(dict.fromkeys([*uploads, *asked]))


def own_compute(pipeline: Pipeline) -> Compute:
    """Return where the steps that Sluice adds run: on the usual machines, or on Fargate where all else of the
    pipeline does.
    """
    return (
        Compute.FARGATE
        if all(Compute.of(step.compute).is_fargate for step in pipeline.steps)
        else Compute.SPOT
    )


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


def _machine(step: Step | None) -> CompiledMachine | None:
    if step is None or isinstance(step, MultiNode):
        return None
    return CompiledMachine(
        Compute.of(step.compute), step.vcpus, step.memory, step.gpus, tuple(sorted(step.parameters))
    )


def _started(steps: list[CompiledStep], job_definition: str, compute: Compute) -> list[CompiledStep]:
    """Return the steps with a start job upstream of all: the steps without parents wait for it, so none runs
    before all are submitted.
    """
    urgent = any(QueueKey.parse(step.queue).name == "urgent" for step in steps)
    queue = QueueKey("urgent" if urgent else "normal", compute)
    start = CompiledStep(name=START, kind=Kind.START, job_definition=job_definition, queue=str(queue))
    return [start, *(step if step.parents else replace(step, after=(START,)) for step in steps)]


def _compiled(step: Step, steps: Mapping[str, Step], job_definition: str) -> CompiledStep:
    compute, fair = Compute.of(step.compute), step.priority is not None
    compiled = CompiledStep(
        name=step.name,
        kind=_KINDS.get(type(step), Kind.JOB),
        job_definition=job_definition,
        queue=str(QueueKey(step.queue, compute, fair=fair)),
        steady=str(QueueKey("steady", compute, fair=fair)),
        submit={"shareIdentifier": SHARE} if fair else {},
        after=needed(step.after),
        returns=step.command is None,
        supervised=step.command is None,
        takes_input=INPUT in (step.command or ()),
        finished=tuple((one.step, float(one.at_least)) for one in step.after if isinstance(one, Finished)),
        always=tuple(dict.fromkeys(one.step for one in step.after if isinstance(one, Always))),
    )
    if step.retries:
        compiled = replace(compiled, times=step.retries.times, reclaimed=step.retries.reclaimed or 0)
    return _with_kind(compiled, step, steps)


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
        )
    return compiled


def _source(step: Array, steps: Mapping[str, Step]) -> Array:
    """Return an array at the head of a chain of N_TO_N arrays: all of them have its children."""
    while step.follows:
        followed = steps[step.follows[0]]
        assert isinstance(followed, Array), "validation lets only arrays be followed"  # noqa: S101
        step = followed
    return step


def _gated(step: CompiledStep, job_definition: str, compute: Compute) -> Iterator[CompiledStep]:
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
                queue=str(QueueKey(QueueKey.parse(step.queue).name, compute)),
                after=tuple(parents[int(member)] for member in group) if level else group,
            )
            for number, group in enumerate(groups)
        ]
        yield from gates
        parents = tuple(gate.name for gate in gates)
    yield replace(step, after=parents)
