"""Parts of the overview: runs that wait for their turn, paused pipelines, open sets of files; and what their
buttons do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from console import contract
from console.live.cloud import Cloud
from sluice.counted import counted
from sluice.ledger.pauses import Pause, Pauses, PauseState
from sluice.operate.listing.summaries import RunSummary
from sluice.operate.pausing import Pauser
from sluice.operate.sets import OpenSet, close_set, open_sets
from sluice.sets.ledger import SetLedger
from sluice.sets.s3_inbox import S3Inbox
from sluice.visible import visible

_NAMED = 3
"""So many of the files that a set lacks are named."""


def waiting_runs(runs: tuple[RunSummary, ...]) -> contract.Section:
    """Return the runs that wait for their turn behind others of their key."""
    rows = tuple(
        contract.Row(
            text=f"{run.run_id}: {visible(run.input)}",
            state=run.state,
            since=run.created_at,
            href=f"/runs/{run.run_id}",
        )
        for run in runs
    )
    return contract.Section(id="waiting", title="Runs that wait for their turn", rows=rows)


@dataclass(frozen=True, slots=True)
class WaysIn:
    """What stands before the runs of a cloud: pauses and sets, of one pipeline or of all."""

    cloud: Cloud

    def paused(self, pipeline: str | None = None) -> contract.Section:
        """Return the paused pipelines."""
        found = self._pauses.all() if pipeline is None else filter(None, [self._pauses.read(pipeline)])
        return contract.Section(id="paused", title="Paused pipelines", rows=tuple(map(_paused, found)))

    def sets(self, pipeline: str | None = None) -> contract.Section:
        """Return the sets of files that lack some, the oldest first."""
        rows = tuple(map(_open_set, open_sets(self._sets, S3Inbox(self._s3, self._s3), pipeline)))
        return contract.Section(id="sets", title="Sets that are not complete", rows=rows)

    def unpause(self, pipeline: str) -> contract.Done:
        """Let a paused pipeline go on."""
        deployment = self.cloud.deployment
        pauser = Pauser(
            pauses=self._pauses, sqs=self.cloud.client("sqs"), trigger_queue=deployment.trigger_queue
        )
        found = pauser.unpause(pipeline)
        return contract.Done((f"{pipeline} goes on: {found.waiting:,} that were kept start now, in order.",))

    def close_set(self, pipeline: str, name: str) -> contract.Done:
        """Have an open set closed."""
        queue = self.cloud.deployment.group_queue
        run_id = close_set(self._sets, self.cloud.client("sqs"), queue, pipeline, name)
        return contract.Done((f"{visible(name)} is being closed: its run is {run_id}.",))

    @property
    def _pauses(self) -> Pauses:
        return Pauses(self.cloud.client("dynamodb"), self.cloud.deployment.table)

    @property
    def _sets(self) -> SetLedger:
        return SetLedger(self.cloud.client("dynamodb"), self.cloud.deployment.table)

    @property
    def _s3(self) -> Callable[[], Any]:
        return lambda: self.cloud.client("s3")


def _paused(one: Pause) -> contract.Row:
    why = f": {visible(one.reason)}" if one.reason else ""
    button = contract.Button(
        action="unpause",
        word="Unpause",
        does=f"{one.pipeline} goes on: {one.waiting:,} that were kept start, in order of arrival.",
        address=f"/api/pipelines/{quote(one.pipeline, safe='')}/unpause",
    )
    return contract.Row(
        text=f"{one.pipeline}{why} ({one.waiting:,} wait)",
        state=one.state,
        since=one.since,
        button=None if one.state is PauseState.RELEASING else button,
    )


def _open_set(one: OpenSet) -> contract.Row:
    lacks = one.note or f"{one.missing:,} missing{_named(one)}"
    name, pipeline = quote(one.set, safe=""), quote(one.pipeline, safe="")
    button = contract.Button(
        action="close-set",
        word="Close",
        does=f"The run of {visible(one.set)} begins with what there is, {counted(one.files, 'file')}.",
        address=f"/api/pipelines/{pipeline}/sets/{name}/close",
    )
    return contract.Row(
        text=visible(f"{one.pipeline} {one.set}: {one.files:,} there, {lacks}"),
        state="LATE" if _is_late(one) else one.state,
        since=one.since,
        until=one.late_at,
        button=button,
    )


def _named(one: OpenSet) -> str:
    if not one.names:
        return ""
    return f": {', '.join(one.names[:_NAMED])}{', …' if one.missing > _NAMED else ''}"


def _is_late(one: OpenSet) -> bool:
    return one.late_at is not None and datetime.fromisoformat(one.late_at) < datetime.now(UTC)
