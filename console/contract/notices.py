"""What is not a run: uploads, groups, alerts, findings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Uploads that are gathered for one run."""

    run_id: str
    pipeline: str
    trigger: str
    files: int
    max_files: int
    opened_at: str
    closes_at: str


@dataclass(frozen=True, slots=True)
class Groups:
    """The open groups, the next to close first."""

    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file in the inbox that started nothing, and why as far as that is known."""

    key: str
    size: int
    at: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Files that started nothing, the newest first; ``more``: not all files were looked at."""

    uploads: tuple[Upload, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert that was sent; ``run_id`` and ``pipeline`` are empty where it is of none. ``kind``: failed,
    late, not started, blocked, invalid, set, or digest for one of many failures. ``detail`` is what the
    e-mail says, or its most important.
    """

    run_id: str
    pipeline: str
    kind: str
    at: str | None
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm of CloudWatch about Sluice itself that is raised ``since`` a time: ``reason`` is CloudWatch's,
    ``text`` says what it means and what to do.
    """

    name: str
    since: str | None
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """The raised alarms of Sluice itself, the newest first; ``more``: there may be further ones. ``missing``
    is the permission without which they are not known.
    """

    alarms: tuple[Alarm, ...] = ()
    more: bool = False
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Alerts:
    """Alerts, the newest first; ``more``: there may be further ones. ``alarms`` come with those of all
    pipelines.
    """

    alerts: tuple[Alert, ...]
    more: bool = False
    alarms: Alarms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found; ``level``: ok, note, problem."""

    level: str
    check: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """The findings of ``sluice doctor``; ``note`` says why there are none."""

    findings: tuple[Finding, ...]
    note: str | None = None
