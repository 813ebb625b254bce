"""A pipeline as it travels with a run: plain, frozen, read and written as JSON. Made at synthesis, read by
Lambdas and jobs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from sluice.compute import Compute
from sluice.errors import MalformedMessageError
from sluice.limits import MAX_DEPENDENCIES
from sluice.run.concurrency import Concurrency

VERSION = 1
KEEP_FAILED = 7


class Kind(StrEnum):
    """What a step is."""

    START = "start"
    PLAN = "plan"
    ARRAY = "array"
    JOB = "job"
    MULTI_NODE = "multinode"
    GATE = "gate"
    CLEANUP = "cleanup"


@dataclass(frozen=True, slots=True)
class CompiledMachine:
    """What a step asks of its machine, as far as a run of it may be asked for otherwise:
    ``sluice.run.overrides``.

    ``max_vcpus`` are the most vCPUs that a job may have in each of its queues, by their names; a queue that
    is missing has no maximum that is known, as in what was compiled before there were any.
    """

    compute: Compute
    vcpus: float
    memory: int
    gpus: int = 0
    parameters: tuple[str, ...] = ()
    max_vcpus: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a step tolerates of an array: a share that must have succeeded, of its items or children, and how
    many may have failed at most.
    """

    at_least: float
    at_most: int | None = None

    def max_failed(self, all_of_them: int) -> int:
        """Return how many of so many may fail."""
        # A share such as 0.99 is no exact binary number.
        by_share = int(all_of_them * (1 - self.at_least) + 1e-6)
        return by_share if self.at_most is None else min(by_share, self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUpSchedule:
    """A schedule whose missed times get their runs: the name of its trigger, its expression, and from when
    on, by the clock of its time zone; empty for the first deploy.

    ``zone`` is the time zone itself, a TZif file in base64, empty for UTC. ``input`` is that of the runs.
    """

    trigger: str
    expression: str
    timezone: str
    zone: str = ""
    start: str = ""
    input: Any = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """A node of the graph, with all that a submission needs.

    ``after`` are the parents whose whole job must have succeeded; ``each`` are the arrays whose child i must
    have succeeded before child i; ``items_of`` is the plan whose items the children share, for an ``each``
    array that of the arrays it follows. ``size`` is how many items there are without a plan. ``sequential``
    says that child i + 1 waits for child i. ``of_uploads`` says of a plan that its items are the files that
    started the run: it has no job, and is done when the run begins. ``takes_input`` says that its command has
    a place for what started the run. ``groups`` are how many nodes each node group of a multi-node step has,
    the main node's group first. ``returns`` says whether it leaves results for other steps: functions do,
    commands in images without Sluice do not. ``times`` is how often what failed of it is submitted again by
    itself; children that lost their machines ``reclaimed`` times, if that is not 0, go to the queue
    ``steady``. ``finished`` are the arrays of which at least such a share must have succeeded,
    ``at_most`` how many of them may have failed; ``always`` the steps that must only have ended: neither is a
    dependency of AWS Batch, which would let this step fail with them. ``submit`` are further members of its
    SubmitJob request, by the API's names; ``queue`` is a ``sluice.compute.QueueKey``. ``machine`` is there
    where a run may be asked for with overrides.
    ``supervised`` says that its image has a supervisor: then an end counts as a success only with the words
    of its children. What was compiled before there were words, and commands, are judged by their exit codes.
    ``continues`` says of an array that its children go on behind an item that failed; failures are counted in
    items then. ``memory_sizes`` are the MiB, ascending, that children which were killed for want of memory
    are given one after the other. ``image`` says which images its job definition names: their tags, or the
    whole address of one that is not the project's own. ``unhandled_faults`` are the faults of a machine for
    which its retry rules have no place, by how their reasons begin: what failed by one of them is submitted
    again by itself, ``fault_times`` times at most.
    """

    name: str
    kind: Kind
    job_definition: str
    queue: str
    after: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    items_of: str | None = None
    items_per_child: int = 1
    size: int | None = None
    sequential: bool = False
    returns: bool = True
    of_uploads: bool = False
    takes_input: bool = False
    times: int = 0
    reclaimed: int = 0
    steady: str = "steady"
    finished: tuple[tuple[str, float], ...] = ()
    always: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()
    submit: Mapping[str, Any] = field(default_factory=dict, hash=False)
    machine: CompiledMachine | None = None
    supervised: bool = False
    continues: bool = False
    at_most: tuple[tuple[str, int], ...] = ()
    memory_sizes: tuple[int, ...] = ()
    image: str = ""
    unhandled_faults: tuple[str, ...] = ()
    fault_times: int = 0

    @property
    def tolerances(self) -> dict[str, Tolerance]:
        """Return what it tolerates of each array of which it does."""
        at_most = dict(self.at_most)
        return {name: Tolerance(share, at_most.get(name)) for name, share in self.finished}

    @property
    def overridden_memory(self) -> int | None:
        """Return the memory, in MiB, that its run was asked for with, None for that of its definition."""
        wanted = self.submit.get("containerOverrides", {}).get("resourceRequirements", ())
        return next((int(one["value"]) for one in wanted if one["type"] == "MEMORY"), None)

    @property
    def nodes(self) -> int:
        """Return how many nodes a multi-node step has, 0 for any other."""
        return sum(self.groups)

    @property
    def node_ranges(self) -> tuple[str, ...]:
        """Return the nodes of each group as AWS Batch writes them, such as ``0:0`` and ``1:3``."""
        return node_ranges(self.groups)

    @property
    def max_parents(self) -> int:
        """Return how many jobs Batch lets it wait for: a dependency on its own children takes a place too."""
        return MAX_DEPENDENCIES - self.sequential

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the steps without whose success this one does not run; an array of a plan's items needs the
        plan.
        """
        before = self.each or ((self.items_of,) if self.items_of else ())
        return tuple(dict.fromkeys([*before, *self.after]))

    @property
    def parents(self) -> tuple[str, ...]:
        """Return every step that this one waits for, also those whose failure it tolerates."""
        return tuple(dict.fromkeys([*self.needs, *(name for name, _ in self.finished), *self.always]))

    @property
    def is_retried_whole(self) -> bool:
        """Return whether a part of its children cannot run again: a command knows its place by
        AWS_BATCH_JOB_ARRAY_INDEX alone.
        """
        return self.kind is Kind.ARRAY and not self.returns


def node_ranges(groups: Sequence[int]) -> tuple[str, ...]:
    """Return the nodes of groups of these sizes as AWS Batch writes them, such as ``0:0`` and ``1:3``.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_NodeRangeProperty.html
    """
    starts = [sum(groups[:number]) for number in range(len(groups))]
    return tuple(f"{start}:{start + nodes - 1}" for start, nodes in zip(starts, groups, strict=True))


@dataclass(frozen=True, slots=True)
class CompiledPipeline:
    """A pipeline's steps in topological order; ``overridable`` is what a request may ask for otherwise."""

    name: str
    steps: tuple[CompiledStep, ...]
    version: int = VERSION
    expected_within: int | None = None
    """Seconds."""
    ticket: bool = False
    keep_failed: int = KEEP_FAILED
    """Days."""
    overridable: tuple[str, ...] = ()
    inbox: tuple[str, ...] = ()
    """The prefixes of what its jobs may read in the inbox."""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The tags of its jobs, besides those that say which they are."""
    results: str = ""
    """Where its runs publish, ``s3://bucket/prefix/`` with placeholders; empty for the results bucket."""
    concurrency: Concurrency | None = None
    """How many of its runs may run at the same time; None for any number."""
    connected: tuple[str, ...] = ()
    """What its jobs may read in other buckets than the inbox: each as ``bucket/prefix``."""
    followed: bool = False
    """Whether runs of other pipelines start after its runs."""
    catch_up: tuple[CaughtUpSchedule, ...] = ()
    """The schedules whose missed times get their runs; none of a run's own pipeline, which has no use of
    them.
    """

    def of_run(self) -> CompiledPipeline:
        """Return what a run keeps: all but what starts runs."""
        return replace(self, catch_up=())

    def step(self, name: str) -> CompiledStep:
        """Return a step by its name; raises KeyError."""
        return next(step for step in self.steps if step.name == name)

    def parents(self) -> dict[str, tuple[str, ...]]:
        """Return each step's parents, in topological order."""
        return {step.name: step.parents for step in self.steps}

    def to_json(self) -> str:
        """Return the JSON text that ``from_json`` reads; the same pipeline always gives the same text."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> CompiledPipeline:
        """Read a compiled pipeline; raises MalformedMessageError when it is none or of a newer version."""
        try:
            document: dict[str, Any] = json.loads(text)
            version = document["version"]
            if version > VERSION:
                raise MalformedMessageError(
                    f"Expected a pipeline compiled by version {VERSION} or older, found {version}. Deploy all"
                    " stacks together."
                )
            steps = tuple(_step(step) for step in document["steps"])
            late, ticket = document.get("expected_within"), bool(document.get("ticket"))
            return cls(
                name=document["name"],
                steps=steps,
                version=version,
                expected_within=late,
                ticket=ticket,
                keep_failed=int(document.get("keep_failed", KEEP_FAILED)),
                overridable=tuple(document.get("overridable", ())),
                inbox=tuple(document.get("inbox", ())),
                tags=dict(document.get("tags", {})),
                results=str(document.get("results", "")),
                concurrency=Concurrency.from_dict(document.get("concurrency")),
                connected=tuple(document.get("connected", ())),
                followed=bool(document.get("followed")),
                catch_up=tuple(CaughtUpSchedule(**one) for one in document.get("catch_up", ())),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedMessageError(f"Expected a compiled pipeline, found {text[:200]!r}.") from error


def _step(document: dict[str, Any]) -> CompiledStep:
    """Return a step; what a pipeline that was compiled before a field was there does not say has the field's
    default.
    """
    lists: dict[str, tuple[Any, ...]] = {
        name: tuple(document[name])
        for name in ("after", "always", "groups", "memory_sizes", "unhandled_faults")
        if name in document
    }
    each = document.get("each") or ()
    typed = {
        # A name alone, or null, in what was compiled when an array could follow only one.
        "each": (each,) if isinstance(each, str) else tuple(each),
        "kind": Kind(document["kind"]),
        "finished": tuple((name, float(share)) for name, share in document.get("finished", ())),
        "at_most": tuple((name, int(most)) for name, most in document.get("at_most", ())),
        "machine": _machine(document.get("machine")),
    }
    return CompiledStep(**{**document, **lists, **typed})


def _machine(document: dict[str, Any] | None) -> CompiledMachine | None:
    if document is None:
        return None
    return CompiledMachine(
        **{**document, "compute": Compute(document["compute"]), "parameters": tuple(document["parameters"])}
    )
