"""One run: its graph, failures, times, reasons to wait, and what is done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console.contract.lists import RunLine, Section
from console.contract.session import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The children of a step (nodes of a multi-node job; 1 for a job) by what they are doing. Their sum is
    ``children``.
    """

    done: int = 0
    failed: int = 0
    running: int = 0
    """Booting ones as well."""
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A step in the graph, at ``x`` (layer) and ``y`` (place in the layer), whole and half numbers from 0.

    ``children`` is 0 while it is unknown how many there will be. ``items`` are those of an array,
    ``failed_items`` how many of them are not done, None before they are counted. ``own`` says that Sluice
    added the step.
    """

    name: str
    kind: str
    """start, plan, array, job, multinode, gate, cleanup"""
    state: str
    """WAITING, SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED, EMPTY, NOT_RUN"""
    x: float
    y: float
    children: int
    counts: Counts
    items: int | None
    failed_items: int | None
    generation: int
    seconds: float | None
    started_at: str | None
    ended_at: str | None
    reason: str | None
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """``child`` waits for ``parent``: why, in a word and in a sentence; ``open`` while it does."""

    parent: str
    child: str
    why: str
    """items_of, each, after, finished, always"""
    text: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The graph of a run; ``width`` layers, the widest of which has ``height`` steps."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known, with its name."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What started a run; ``json`` is what it was given, for another run; None where a file did."""

    text: str
    facts: tuple[Fact, ...]
    json: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """A run; ``version`` changes when anything of it does. ``actions`` are those that its state allows."""

    run: RunLine
    version: str
    reopened: int
    input: Input
    graph: Graph
    actions: tuple[str, ...]
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """An item that failed, or a child that failed outside of any (``item`` is None)."""

    child: int
    item: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failures of a step for one reason; ``items`` are the first of ``count``."""

    step: str
    generation: int
    reason: str
    count: int
    items: tuple[FailedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Failures by reason, the most frequent first; ``more``: not all reports were read."""

    groups: tuple[FailureGroup, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a step waits, or the whole run, whose ``step`` is "". ``kind``: dependency, queue, blocked,
    environment, submitting, starting, turn.
    """

    step: str
    kind: str
    text: str
    since: str | None = None
    detail: str | None = None
    """AWS's own words."""
    runs: tuple[str, ...] = ()
    """The runs that are ahead: those under way, and those that came before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a run does not go on, the most telling reason first; ``text`` is the whole in a sentence."""

    text: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a step's time. ``phase``: waiting, booting, working. An open one has no ``end``."""

    phase: str
    start: str
    end: str | None
    generation: int
    attempt: int | None = None
    child: int | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A step, or a child of it, in the timeline."""

    step: str
    child: int | None
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """``vcpus`` are pairs of a time and the vCPUs in use from then on; ``sampled`` says that children beyond
    the first of large arrays were reckoned from those.
    """

    start: str
    end: str
    lanes: tuple[Lane, ...]
    vcpus: tuple[tuple[str, float], ...]
    sampled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlan:
    """What an action will do, a sentence each, before it does it; ``permission`` says whether it may."""

    action: str
    run_id: str
    allowed: bool
    permission: Permission
    text: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """What an action did. ``run_id`` is the run to look at now: another one after a rerun. ``done`` is false
    while something is left, such as jobs that end: the same request goes on.
    """

    action: str
    run_id: str
    done: bool
    text: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in sentences."""

    text: tuple[str, ...]
