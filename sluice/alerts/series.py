"""Equal failures as a series: the first ones are alerts of their own, later ones are gathered into digests.

Pure. See docs/decisions/0024-gathered-alerts.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

HOUR = timedelta(hours=1)
SINGLE_ALERTS = 3
"""Equal failures within an hour that are alerts of their own."""
SINGLE_ALERTS_OF_A_PIPELINE = 12
"""The same of a whole pipeline, should each failure have another reason."""
FIRST_DIGEST_AFTER = timedelta(minutes=5)
"""From the first gathered failure to the first digest, so that it has something to say; the next ones come an
hour apart.
"""
SENT_WITHIN = timedelta(minutes=5)
"""A digest that was begun longer ago and never completed is sent again: its Lambda has died."""
_WHY_CHARACTERS = 1_000


CLEANUP_FAILED = "succeeded, and the cleanup failed for the same reason"
"""``what`` of a series of failed cleanups."""
SETS_LATE = "wait for files and are late"
FILES_AFTER = "came after the run of their set had begun"
"""``what`` of the series of reports about sets of files."""


class Notify(StrEnum):
    """What is to be done about one failure."""

    FIRST = "first"
    """An alert, to telephones too."""
    AGAIN = "again"
    LAST = "last"
    """An alert, the last one before failures are gathered."""
    GATHERED = "gathered"
    """No alert of its own: a digest counts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEvent:
    """One failure of a run, with its reason."""

    run: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The equal failures of late; times in ISO 8601, UTC, empty for none.

    ``recent`` are the times of the last ones, ``unreported`` how many no message has mentioned yet,
    ``reporting`` how many the digest mentions that is being sent, ``quiet_until`` when the next one may be.
    """

    pipeline: str
    what: str
    recent: tuple[str, ...] = ()
    total: int = 0
    since: str = ""
    newest: str = ""
    why: str = ""
    unreported: int = 0
    quiet_until: str = ""
    reporting: int = 0
    reporting_at: str = ""


def count(
    series: Series, one: FailureEvent, now: datetime, limit: int = SINGLE_ALERTS
) -> tuple[Series, Notify]:
    """Return the series with one more failure, and what is to be done about that."""
    recent = tuple(at for at in series.recent if now - datetime.fromisoformat(at) < HOUR)
    stamp = now.isoformat()
    fresh = not recent and not _is_gathering(series, now, recent)
    counted = replace(
        series,
        recent=(*recent, stamp)[-limit:],
        total=1 if fresh else series.total + 1,
        since=stamp if fresh else series.since,
        newest=one.run,
        why=one.why[:_WHY_CHARACTERS],
    )
    if _is_gathering(series, now, recent):
        return replace(counted, unreported=series.unreported + 1), Notify.GATHERED
    if len(recent) < limit:
        last = Notify.LAST if len(recent) + 1 == limit else Notify.AGAIN
        return replace(counted, quiet_until=""), Notify.FIRST if fresh else last
    until = (now + FIRST_DIGEST_AFTER).isoformat()
    return replace(counted, unreported=1, quiet_until=until), Notify.GATHERED


def _is_gathering(series: Series, now: datetime, recent: tuple[str, ...]) -> bool:
    """Return whether failures are gathered: since it began, there was one within each hour."""
    if not series.quiet_until:
        return False
    open_still = bool(recent or series.unreported or series.reporting)
    return open_still or now < datetime.fromisoformat(series.quiet_until)


def next_digest(series: Series) -> str:
    """Return when a digest is to be sent, the next one or one that may be lost; empty for none."""
    if series.reporting:
        return (datetime.fromisoformat(series.reporting_at) + SENT_WITHIN).isoformat()
    return series.quiet_until if series.unreported else ""


def begin_digest(series: Series, now: datetime) -> Series | None:
    """Return the series with a digest that is being sent; None when none is to be sent now."""
    due = next_digest(series)
    if not due or now < datetime.fromisoformat(due):
        return None
    begun = replace(series, reporting_at=now.isoformat())
    if series.reporting:
        return begun
    return replace(begun, reporting=series.unreported, unreported=0, quiet_until=(now + HOUR).isoformat())


def end_digest(series: Series, sent: Series) -> Series | None:
    """Return the series after a digest was sent; None when another invocation sends it again meanwhile."""
    return replace(series, reporting=0) if series.reporting_at == sent.reporting_at else None
