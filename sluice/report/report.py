"""What a report says of a run."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStep:
    """A step; times are ISO 8601 in UTC, empty where they are not known. ``parents`` are the steps that it
    waited for; ``definition`` is its job definition, whose name carries the hash of its content.
    """

    name: str
    kind: str
    state: str
    children: int
    done: int
    failed: int
    items: int | None = None
    failed_items: int | None = None
    generation: int = 0
    submitted_at: str = ""
    started_at: str = ""
    ended_at: str = ""
    reason: str = ""
    definition: str = ""
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailure:
    """Failures of a step for one reason: how many, and the first items."""

    step: str
    reason: str
    count: int
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file that the run has published, with its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A run as it was when the report was written; ``steps`` in topological order."""

    run_id: str
    pipeline: str
    state: str
    created_at: str
    ended_at: str
    written_at: str
    input: tuple[tuple[str, str], ...] = ()
    steps: tuple[ReportStep, ...] = ()
    failures: tuple[ReportFailure, ...] = ()
    more_failures: bool = False
    files: tuple[ReportFile, ...] = field(default=())
    note_on_times: str = ""
    """What the times of steps are, where they are not those of AWS Batch."""
