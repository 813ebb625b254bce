"""Pipelines: their forms, what starts them, how their runs compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.contract.lists import RunLine, Section
from console.contract.run import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a pipeline; ``kind``: upload, schedule, manual, webhook, … . ``next`` is the next time of a
    schedule.
    """

    kind: str
    text: str
    prefix: str | None = None
    suffix: str | None = None
    gathers: bool = False
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A pipeline with its form: ``schema`` is a JSON Schema of its input, None where it has none.

    ``takes_input``: it can be started with a JSON input; ``takes_files``: with files, sent along or to one of
    its upload triggers.
    """

    name: str
    triggers: tuple[Trigger, ...]
    steps: tuple[str, ...]
    takes_input: bool
    takes_files: bool
    schema: Mapping[str, Any] | None
    note: str | None = None
    after: tuple[str, ...] = ()
    """The pipelines whose runs start it."""
    results: str = ""
    """Where its runs publish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineNow:
    """What is before the runs of one pipeline: those of the overview's sections that are about it."""

    name: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """All pipelines. In ``graph`` each is a node with its newest runs as children, and an edge leads from it
    to each that its runs start.
    """

    graph: Graph
    pipelines: tuple[Pipeline, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipelines:
    """All pipelines, by name; ``note`` says why none are known."""

    pipelines: tuple[Pipeline, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that was stored. ``run_ids`` begin by it; else it belongs to the request of its token, or
    ``gathered`` until its group closes.
    """

    name: str
    key: str
    size: int
    run_ids: tuple[str, ...]
    of_request: bool
    gathered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """The body that starts a run: any JSON as ``input``; ``token`` makes it the same run however often it is
    sent; ``files`` are the names of those that were stored with this token.
    """

    token: str
    input: Any = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """The runs that begin; a page may go there before they are in the ledger (404 for some seconds)."""

    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimes:
    """A step in a comparison."""

    state: str
    seconds: float | None
    children: int
    failed: int
    definition: str
    """The job definition, whose name carries the hash of its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepComparison:
    """A step of two runs, None where one does not have it."""

    name: str
    a: StepTimes | None
    b: StepTimes | None
    same_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs beside each other."""

    a: RunLine
    b: RunLine
    steps: tuple[StepComparison, ...]
    input_a: str
    input_b: str
    same_input: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """The newest runs of a pipeline, the oldest first, and which steps failed how often in them."""

    pipeline: str
    runs: tuple[RunLine, ...]
    failed_steps: Mapping[str, int]
