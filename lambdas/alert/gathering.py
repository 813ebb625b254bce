"""Counts failures in the series of their kind, and sends the digests that report them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from lambdas.consuming import logger
from sluice.alerts.alert_message import AlertMessage
from sluice.alerts.digest import digest_message
from sluice.alerts.failure_kind import kind_of
from sluice.alerts.run_events import input_of
from sluice.alerts.series import (
    CLEANUP_FAILED,
    FILES_AFTER,
    SETS_LATE,
    SINGLE_ALERTS,
    SINGLE_ALERTS_OF_A_PIPELINE,
    FailureEvent,
    Notify,
    Series,
)
from sluice.alerts.series_records import SeriesRecords, series_key
from sluice.messages import SetReport
from sluice.run.failures.failed_cleanup import cleanup_of
from sluice.run.state import Run

_NO_REASON = "no reason is recorded"


@dataclass(frozen=True, slots=True)
class Gathering:
    """The series of the ledger, and what publishes the message of one."""

    records: SeriesRecords
    publish: Callable[[AlertMessage, Series], None]

    def count_failure(self, run: Run, step: str, generation: int) -> Notify:
        """Count a failed step of a run, once for each generation, and return what is to be done about it."""
        record = run.steps.get(step)
        why = (record.reason if record else None) or _NO_REASON
        is_cleanup = record is not None and record == cleanup_of(run)
        what = CLEANUP_FAILED if is_cleanup else f"failed at the step {step} for the same reason"
        return self._count(run, step, why, what=what, event=f"{step}:{generation}")

    def count_late(self, run: Run, why: str) -> Notify:
        """Count a run that is late, once, and return what is to be done about it."""
        return self._count(run, "", why, what="are late", event="late", kind="late")

    def count_set(self, report: SetReport) -> Notify:
        """Count a report about a set of files, once, and return what is to be done about it."""
        kind = report.event.partition(":")[0]
        return self._count_in(
            series_key(report.pipeline, "", f"set:{kind}"),
            Series(pipeline=report.pipeline, what=SETS_LATE if kind == "late" else FILES_AFTER),
            FailureEvent(run=report.subject, why=report.text),
            event=report.event,
        )

    def send_digest(self, key: str) -> None:
        """Send the digest of a series, if one is due."""
        begun = self.records.begin_digest(key, datetime.now(UTC))
        if begun is None:
            return
        self.publish(digest_message(begun), begun)
        self.records.end_digest(key, begun, datetime.now(UTC))
        logger.info("A digest was sent.", series=key, failures=begun.reporting, newest=begun.newest)

    def _count(
        self, run: Run, step: str, why: str, *, what: str, event: str, kind: str | None = None
    ) -> Notify:
        """Count in the series of the kind; one that is to be an alert in that of the whole pipeline, too."""
        name = run.pipeline.name
        kind = kind or kind_of(why, run.run_id, *_names_of(run))
        one = FailureEvent(run=run.run_id, why=why)
        new = Series(pipeline=name, what=what)
        notify = self._count_in(series_key(name, step, kind), new, one, event=event)
        if notify is Notify.GATHERED:
            return notify
        whole = self._count_in(
            series_key(name, "", "any"),
            Series(pipeline=name, what="failed or are late, for various reasons"),
            one,
            event=f"any:{event}",
            limit=SINGLE_ALERTS_OF_A_PIPELINE,
        )
        return whole if whole is Notify.GATHERED else notify

    def _count_in(
        self, key: str, new: Series, one: FailureEvent, *, event: str, limit: int = SINGLE_ALERTS
    ) -> Notify:
        notify = self.records.count(key, new, one, event, datetime.now(UTC), limit=limit)
        if notify is Notify.GATHERED:
            self.send_digest(key)
        return notify


def _names_of(run: Run) -> tuple[str, ...]:
    """Return what the reasons of one cause have of each run: its input and its jobs."""
    key = str(run.trigger.get("key") or "")
    jobs = (record.job_id or "" for record in run.steps.values())
    return (input_of(run.trigger), key, key.rpartition("/")[2], *jobs)
