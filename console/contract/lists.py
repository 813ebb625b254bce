"""Runs in lists, and what people look at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run in a list. ``reason`` and ``item`` say of a failed run why, as far as its record has it."""

    run_id: str
    pipeline: str
    state: str
    """RUNNING, SUCCEEDED, FAILED, CANCELLED"""
    created_at: str
    ended_at: str | None
    seconds: float
    input: str
    labels: Mapping[str, str] = field(default_factory=dict)
    failed_step: str | None = None
    reason: str | None = None
    item: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """A run that needs a person; ``stuck`` means that it runs and something keeps it from going on."""

    run: RunLine
    kind: str
    """failed, stuck"""
    since: str
    text: str
    actions: tuple[str, ...]
    """Those of ACTIONS that its state allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A compute environment. ``vcpus`` are those that it asks for now, None where that is unknown."""

    name: str
    state: str
    """ENABLED, DISABLED"""
    status: str
    """VALID, INVALID, UPDATING, …"""
    reason: str | None
    vcpus: int | None
    max_vcpus: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A job queue with its environments in order; ``jobs`` are those of the runs under way, by AWS Batch's
    states, None where they were not counted; ``blocked`` is why its first job cannot start, in words.
    """

    name: str
    key: str
    state: str
    status: str
    environments: tuple[Environment, ...]
    jobs: Mapping[str, int] | None = None
    blocked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Something that a row can have done: a POST to ``address`` by those who may do ``action``, a name in
    ``Me.permitted``. ``does`` says what it will do, before it does it.
    """

    action: str
    word: str
    does: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a section. ``href`` is an address of the page; ``until`` counts down; ``done`` of ``total``
    says how far it is, None where that is unknown.
    """

    text: str
    state: str | None = None
    since: str | None = None
    until: str | None = None
    href: str | None = None
    button: Button | None = None
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the overview beyond those that it always has; an empty one is left out."""

    id: str
    title: str
    rows: tuple[Row, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What people look at first; ``more_running`` says that not all running runs are listed."""

    at: str
    attention: tuple[Attention, ...]
    running: tuple[RunLine, ...]
    more_running: bool
    queues: tuple[Queue, ...]
    sections: tuple[Section, ...]
    version: str = ""
    """The version that a Change of the overview names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """A page of runs; ``next`` is given back for the one behind it."""

    runs: tuple[RunLine, ...]
    next: str | None
    pipelines: tuple[str, ...]
