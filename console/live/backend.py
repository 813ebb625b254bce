"""The backend over AWS. Bounded: a run costs a Query and a DescribeJobs for each 100 steps with a job,
whatever the number of its children, and whoever asks within two seconds gets the same answer.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from botocore.exceptions import ClientError

from console import contract
from console.answers import is_denied
from console.backend import Download, LogQuery, Person, RunQuery
from console.live.acting import Action, Cancel, Rerun, Retry, RetryWithCurrentCode, plan_of
from console.live.cache import Cache
from console.live.cloud import Catalog, Cloud
from console.live.failures import failures_of
from console.live.listing import RunLists
from console.live.logs import LogPages
from console.live.overview.attention import alarms_of, alerts_of
from console.live.overview.map import map_of
from console.live.overview.now import OVERVIEW_SECONDS, Now, SectionSource
from console.live.overview.sections import WaysIn
from console.live.overview.uploads import shown_uploads
from console.live.results import ResultFiles
from console.live.runs import (
    MAX_LISTED,
    asked_for,
    comparison_of,
    detail_of,
    kept,
    now,
    page_of,
    trends_of,
    version_of,
)
from console.live.shown import shown
from console.live.starting import Starter
from console.live.steps import StepReader
from sluice.errors import SluiceError
from sluice.ledger.sent_alerts import SentAlerts
from sluice.operate.errors import RequestError
from sluice.operate.listing.listing import RunFilter
from sluice.operate.logs.log_source import LogSource
from sluice.operate.runs.turns import turn_of
from sluice.operate.watching.snapshot import Snapshot, read_snapshot
from sluice.operate.watching.timeline import Stretch, TimelineReader
from sluice.operate.watching.waiting import Reason, WaitingReader, in_words, of_turn
from sluice.run.reasons import missing_permission
from sluice.run.state import RunState
from sluice.visible import visible

RUN_SECONDS = 2.0
QUEUE_SECONDS = 10.0
T = TypeVar("T")


@dataclass
class LiveBackend:
    """Reads and acts with the clients of a cloud.

    ``sections`` are further parts of the overview: whoever brings something that people should see adds one.
    ``links`` hands whole files on by address.
    """

    cloud: Cloud
    where: str
    catalog: Callable[[], Catalog] = Catalog
    find_problems: Callable[[], contract.Doctor] | None = None
    sections: Sequence[SectionSource] = ()
    links: bool = False
    cache: Cache = field(default_factory=Cache)
    _refused: dict[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> Mapping[str, str]:
        """What IAM refused, with the permission that was missing."""
        return self._refused

    # Lists.

    @cached_property
    def _lists(self) -> RunLists:
        return RunLists(self.cloud, self.cache)

    @cached_property
    def _now(self) -> Now:
        return Now(self.cloud, self.cache, self._lists, self.sections)

    def overview(self) -> contract.Overview:
        """Return what people look at first."""
        return self._now.overview()

    def pipeline_now(self, name: str) -> contract.PipelineNow:
        """Return what is before the runs of a pipeline."""
        return self._now.pipeline(name)

    def groups(self) -> contract.Groups:
        """Return the open groups of uploads, the next to close first."""
        return self._now.groups()

    def map(self) -> contract.Map:
        """Return all pipelines, with how their newest runs went."""
        asked = RunFilter()
        runs = self.cache.get("map", OVERVIEW_SECONDS, lambda: self._lists.list(asked, MAX_LISTED))
        return map_of(self.catalog(), runs)

    def runs(self, query: RunQuery) -> contract.Runs:
        """Return a page of runs that match."""
        asked, limit = asked_for(query, _state(query.state))
        found = self.cache.get(
            ("runs", asked, limit), OVERVIEW_SECONDS, lambda: self._lists.list(asked, limit)
        )
        names = {one.form.name for one in self.catalog().pipelines} | {run.pipeline for run in found}
        return page_of(found, query, tuple(sorted(names)))

    def trends(self, pipeline: str) -> contract.Trends:
        """Return the newest runs of a pipeline."""
        return trends_of(pipeline, self._lists.newest(pipeline, None, MAX_LISTED))

    def uploads(self) -> contract.Uploads:
        """Return the newest files of the inbox that no trigger takes."""
        s3, bucket = self.cloud.client("s3"), self.cloud.deployment.inbox
        return self.cache.get("uploads", QUEUE_SECONDS, lambda: shown_uploads(s3, bucket, self.catalog()))

    def alerts(self, pipeline: str | None = None) -> contract.Alerts:
        """Return the newest alerts that were sent, of a pipeline or of all; with all, what is raised now."""
        sent = SentAlerts(self.cloud.client("dynamodb"), self.cloud.deployment.table)

        def read() -> contract.Alerts:
            return alerts_of(sent, pipeline, self._alarms() if pipeline is None else None)

        return self.cache.get(("alerts", pipeline), OVERVIEW_SECONDS, read)

    def _alarms(self) -> contract.Alarms:
        cloudwatch, prefix = self.cloud.client("cloudwatch"), self.cloud.deployment.prefix
        return self.cache.get("alarms", QUEUE_SECONDS, lambda: alarms_of(cloudwatch, prefix))

    def pipelines(self) -> contract.Pipelines:
        """Return the pipelines of the project with their forms."""
        found = self.catalog()
        return contract.Pipelines(pipelines=tuple(one.form for one in found.pipelines), note=found.note)

    def doctor(self) -> contract.Doctor:
        """Return the doctor's findings."""
        if self.find_problems is None:
            return contract.Doctor(findings=(), note="`sluice doctor` checks what this console cannot.")
        return self.cache.get("doctor", QUEUE_SECONDS, self.find_problems)

    # One run.

    def snapshot(self, run_id: str) -> Snapshot:
        """Return a run as it was at most two seconds ago."""
        ledger, batch = self.cloud.ledger, self.cloud.client("batch")
        return self.cache.get(("run", run_id), RUN_SECONDS, lambda: read_snapshot(ledger, batch, run_id))

    def _try_snapshot(self, run_id: str) -> Snapshot | None:
        """Return a run, None for one that has been removed meanwhile or that this version cannot read."""
        with suppress(SluiceError):
            return self.snapshot(run_id)
        return None

    def run(self, run_id: str) -> contract.RunDetail:
        """Return a run with its graph."""
        return detail_of(self.snapshot(run_id))

    def version(self, run_id: str | None) -> str:
        """Return a text that changes when a run does, or the overview."""
        return self.overview().version if run_id is None else version_of(self.snapshot(run_id))

    def failures(self, run_id: str) -> contract.Failures:
        """Return why items failed: the reports of the steps that have failures."""
        snapshot = self.snapshot(run_id)
        return self._kept("failures", snapshot, QUEUE_SECONDS, lambda: self._failures(snapshot))

    def _failures(self, snapshot: Snapshot) -> contract.Failures:
        return failures_of(self.cloud.client("s3"), self.cloud.deployment.work, snapshot)

    def _kept(self, what: str, snapshot: Snapshot, seconds: float, read: Callable[[], T]) -> T:
        return kept(self.cache, what, snapshot, seconds, read)

    def timeline(self, run_id: str) -> contract.Timeline:
        """Return when a run did what."""
        snapshot = self.snapshot(run_id)
        return self._kept("timeline", snapshot, RUN_SECONDS, lambda: self._timeline(snapshot))

    def _timeline(self, snapshot: Snapshot) -> contract.Timeline:
        reader = TimelineReader(self.cloud.client("batch"), self.cloud.deployment.queues)
        times = reader.read(snapshot, time.time() * 1000)
        names = [step.name for step in snapshot.run.pipeline.steps]
        return contract.Timeline(
            start=snapshot.run.created_at,
            end=snapshot.run.ended_at or now(),
            lanes=tuple(_lane(name, times.stretches[name]) for name in names if name in times.stretches),
            vcpus=times.vcpus,
            sampled=times.sampled,
        )

    def why(self, run_id: str) -> contract.Why:
        """Return why a run waits."""
        snapshot = self.snapshot(run_id)
        reasons = self._kept("why", snapshot, RUN_SECONDS, lambda: self._reasons(snapshot))
        return contract.Why(
            text=visible(in_words(reasons)),
            reasons=tuple(
                contract.Reason(
                    step=one.step,
                    kind=one.kind,
                    text=visible(one.text),
                    since=one.since,
                    detail=shown(one.detail),
                    runs=one.runs,
                )
                for one in reasons
            ),
        )

    def _reasons(self, snapshot: Snapshot) -> list[Reason]:
        turn = turn_of(self.cloud.ledger, snapshot.run)
        if turn is not None:
            return [of_turn(snapshot.run, turn)]
        return WaitingReader(self.cloud.client("batch"), self.cloud.deployment.queues).read(snapshot)

    @cached_property
    def _steps(self) -> StepReader:
        return StepReader(self.cloud, self.cache)

    def children(
        self, run_id: str, step: str, start: int, count: int, generation: int | None
    ) -> contract.Cells:
        """Return children of a step, of its last generation."""
        return self._steps.children(self.snapshot(run_id), step, start, count, generation)

    def items(self, run_id: str, step: str, start: int, count: int) -> contract.Items:
        """Return items of a step with the children that work on them: two ranged reads of the manifest."""
        return self._steps.items(self.snapshot(run_id), step, start, count)

    def logs(self, run_id: str, query: LogQuery) -> contract.Logs:
        """Return lines of a log."""
        return LogPages(self.cloud.client, self._log_source).read(run_id, query)

    def _log_source(self, run_id: str) -> LogSource:
        queues = self.cloud.deployment.queues.values()
        return LogSource(
            ledger=self.cloud.ledger, batch=self.cloud.client("batch"), queues=queues, run_id=run_id
        )

    @cached_property
    def _results(self) -> ResultFiles:
        return ResultFiles(lambda: self.cloud.client("s3"), self.cloud.deployment.results, self.links)

    def results(self, run_id: str) -> contract.Results:
        """Return the published files of a run."""
        snapshot = self.snapshot(run_id)
        return self._kept("results", snapshot, RUN_SECONDS, lambda: self._results.list(snapshot.run))

    def preview(self, run_id: str, name: str) -> contract.Preview:
        """Return the beginning of a published file."""
        return self._results.preview(self.snapshot(run_id).run, name)

    def download(self, run_id: str, name: str, *, whole: bool = False, part: int | None = None) -> Download:
        """Return a published file, or a part of it."""
        return self._results.download(self.snapshot(run_id).run, name, whole=whole, part=part)

    def compare(self, a: str, b: str) -> contract.Comparison:
        """Return two runs beside each other."""
        return comparison_of(self.snapshot(a), self.snapshot(b))

    # What changes something.

    def plan_action(self, run_id: str, action: str) -> contract.ActionPlan:
        """Return what an action would do."""
        return plan_of(self._action(action), action, self.snapshot(run_id), self._refused.get(action))

    def act(self, run_id: str, action: str, person: Person) -> contract.ActionResult:
        """Do it, on the run as it is now."""
        return self._changed(action, lambda: self._action(action).act(self.snapshot(run_id), person))

    def _action(self, action: str) -> Action:
        given = self.cloud.client, self.cloud.ledger, self.cloud.deployment
        actions: Mapping[str, Callable[[], Action]] = {
            "retry": lambda: Retry(*given),
            "retry-current": lambda: RetryWithCurrentCode(*given),
            "cancel": lambda: Cancel(*given),
            "rerun": lambda: Rerun(self.cloud.client, self.cloud.deployment),
        }
        return actions[action]()

    async def store_file(
        self,
        pipeline: str,
        name: str,
        token: str,
        prefix: str | None,
        body: AsyncIterator[bytes],
        person: Person,
    ) -> contract.StoredFile:
        """Store a file for a pipeline in the inbox."""
        try:
            return await self._starter.store(pipeline, name, token, prefix, body)
        except ClientError as error:
            self._note_refusal("start", error)
            raise

    def start(self, pipeline: str, request: contract.StartRequest, person: Person) -> contract.Started:
        """Start a run."""
        self.cache.forget()
        return self._permitted("start", lambda: self._starter.start(pipeline, request))

    @cached_property
    def _starter(self) -> Starter:
        return Starter(self.cloud.client, lambda: self.cloud.deployment, self.catalog)

    def unpause(self, pipeline: str, person: Person) -> contract.Done:
        """Let a paused pipeline go on."""
        return self._changed("unpause", lambda: WaysIn(self.cloud).unpause(pipeline))

    def close_set(self, pipeline: str, name: str, person: Person) -> contract.Done:
        """Begin the run of an open set with what there is."""
        return self._changed("close-set", lambda: WaysIn(self.cloud).close_set(pipeline, name))

    def _changed(self, action: str, act: Callable[[], T]) -> T:
        """Act on what is true now, and have it read again afterwards."""
        self.cache.forget()
        result = self._permitted(action, act)
        self.cache.forget()
        return result

    def _permitted(self, action: str, act: Callable[[], T]) -> T:
        """Act, and keep in mind what IAM refuses: the page greys the action then."""
        try:
            done = act()
        except ClientError as error:
            self._note_refusal(action, error)
            raise
        self._refused.pop(action, None)
        return done

    def _note_refusal(self, action: str, error: ClientError) -> None:
        if is_denied(error):
            self._refused[action] = missing_permission(str(error)) or "a permission"


def _state(text: str | None) -> RunState | None:
    if text is None:
        return None
    if text.upper() not in list(RunState):
        raise RequestError(f"Expected one of {', '.join(RunState)}, found {text!r}.")
    return RunState(text.upper())


def _lane(step: str, stretches: Sequence[Stretch]) -> contract.Lane:
    segments = tuple(
        contract.Segment(
            phase=one.phase,
            start=one.start,
            end=one.end,
            generation=one.generation,
            attempt=one.attempt,
            state=one.state,
        )
        for one in stretches
    )
    return contract.Lane(step=step, child=None, segments=segments)
