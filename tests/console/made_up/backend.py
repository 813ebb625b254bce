"""A backend that pretends to be a Sluice."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from console import contract
from console.answers import NotFoundError
from console.backend import Download, LogQuery, Person, RunQuery
from console.live.cloud import Catalog, KnownPipeline
from console.live.overview.map import map_of
from sluice.operate.errors import OperationError, RequestError, RunNotFoundError, RunStateError
from sluice.operate.listing.summaries import RunSummary
from sluice.run.state import RunState
from tests.console.made_up.children import cell, done, durations, log_lines, segments, sizes
from tests.console.made_up.files import FILES, PART
from tests.console.made_up.graphs import huge, small
from tests.console.made_up.notices import alarms, backfills, queues
from tests.console.made_up.sizes import BEGAN, NASTY, PAGE, PIPELINES, RUNS, iso

_NAMED = ("huge", "wide", "broken", "stuck")
_FAILED: Mapping[str, str] = {
    "failed_step": "work",
    "reason": "ValueError: could not convert string to float: '<b>n/a</b>'",
    "item": "s3://inbox/part-17.csv",
}


@dataclass
class MadeUp:
    """Pretends to be a Sluice; ``speed`` is how many times faster than the clock its running runs go on."""

    speed: float = 1.0
    where: str = "made-up data"
    refused: Mapping[str, str] = field(default_factory=dict)
    started: dict[str, contract.RunLine] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    acts: list[tuple[str, str, str]] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)
    calls: int = 0
    _ended: list[contract.RunLine] = field(default_factory=list)
    _zero: float = field(default_factory=time.monotonic)

    def _seconds(self) -> float:
        return (time.monotonic() - self._zero) * self.speed

    def _share(self) -> float:
        """Return how far the running runs are: from 0 to 1 in five minutes, and again."""
        return (self._seconds() % 300) / 300

    def _line(self, run_id: str) -> contract.RunLine:
        if run_id in self.started:
            return self.started[run_id]
        name, number = _parts(run_id)
        at = BEGAN + timedelta(minutes=4 * (RUNS - number))
        state = self.states.get(run_id) or _state(name, number)
        failed = state == "FAILED"
        return contract.RunLine(
            run_id=run_id,
            pipeline=name,
            state=state,
            created_at=iso(at),
            ended_at=None if state == "RUNNING" else iso(at + timedelta(seconds=90 + number % 700)),
            seconds=self._seconds() if state == "RUNNING" else 90.0 + number % 700,
            input=f"s3://inbox/{name}/{NASTY if number % 7 == 0 else 'file'}-{number}.txt",
            labels={"customer": ("acme", "initech")[number % 2]},
            **(_FAILED if failed else {}),
        )

    def _all(self) -> Iterator[contract.RunLine]:
        yield from reversed(self.started.values())
        yield from (self._line(f"{name}-0") for name in _NAMED)
        if not self._ended:
            numbers = range(1, RUNS - len(_NAMED) + 1)
            self._ended.extend(self._line(f"{PIPELINES[n % 2]}-{n}") for n in numbers)
        yield from self._ended

    def overview(self) -> contract.Overview:
        """Return some of everything."""
        self.calls += 1
        attention = (
            _attention(
                self._line("broken-0"), "failed", "ValueError: could not convert string to float (3 of 200)"
            ),
            _attention(
                self._line("stuck-0"), "stuck", "blocked: the job asks for more vCPUs than its queue may have"
            ),
            *(
                _attention(line, "failed", str(line.reason))
                for line in (self._line(f"flights-{n}") for n in range(13, 400, 26))
                if line.state == "FAILED"
            ),
        )
        running = tuple(self._line(f"{name}-0") for name in ("huge", "wide", "stuck"))
        return contract.Overview(
            at=iso(datetime.now(UTC)),
            attention=attention,
            running=(*(line for line in self.started.values() if line.state == "RUNNING"), *running),
            more_running=False,
            queues=queues(self._share()),
            sections=(
                contract.Section(
                    id="sets",
                    title="Sets that are not complete",
                    rows=(
                        contract.Row(
                            text=f"2026-11-28: 3 of 4 files, {NASTY} is missing",
                            state="open",
                            since=iso(datetime.now(UTC) - timedelta(minutes=12)),
                            until=iso(datetime.now(UTC) + timedelta(minutes=48)),
                            button=contract.Button(
                                action="close-set",
                                word="Close",
                                does="The run of date=2026-11-28 begins with what there is, 3 files.",
                                address="/api/pipelines/flights/sets/date%3D2026-11-28/close",
                            ),
                        ),
                    ),
                ),
                backfills(),
                *self._paused(),
            ),
            version=self.version(None),
        )

    def pipeline_now(self, name: str) -> contract.PipelineNow:
        """Return backfills of flights, and nothing of the others."""
        self.calls += 1
        return contract.PipelineNow(name=name, sections=(backfills(),) if name == "flights" else ())

    def _paused(self) -> Iterator[contract.Section]:
        if any(action == "unpause" for _, action, _ in self.acts):
            return
        button = contract.Button(
            action="unpause",
            word="Unpause",
            does="huge goes on: 12 that were kept start, in order of arrival.",
            address="/api/pipelines/huge/unpause",
        )
        since = iso(datetime.now(UTC) - timedelta(hours=3))
        row = contract.Row(text="huge: maintenance (12 wait)", state="PAUSED", since=since, button=button)
        yield contract.Section(id="paused", title="Paused pipelines", rows=(row,))

    def unpause(self, pipeline: str, person: Person) -> contract.Done:
        """Let it go on; it is no longer among the paused ones."""
        self.acts.append((person.name, "unpause", pipeline))
        return contract.Done((f"{pipeline} goes on: 12 that were kept start now, in order.",))

    def close_set(self, pipeline: str, name: str, person: Person) -> contract.Done:
        """Close the one set that there is."""
        if name != "date=2026-11-28":
            raise OperationError(f"Expected the name of one open set of {pipeline}, found {name!r}.")
        self.acts.append((person.name, "close-set", f"{pipeline} {name}"))
        return contract.Done((f"{name} is being closed: its run is {pipeline}-new0.",))

    def map(self) -> contract.Map:
        """Return the pipelines as a chain with a side branch, and two that stand alone."""
        after = {"wide": ("word-count", "flights"), "broken": ("wide",)}
        forms = tuple(
            replace(one, after=after.get(one.name, ()), results=f"{one.name}/<run>/")
            for one in self.pipelines().pipelines
        )
        known = tuple(KnownPipeline(form=one, uploads=(), takes_requests=one.takes_input) for one in forms)
        runs = (
            RunSummary(
                run_id=line.run_id,
                pipeline=line.pipeline,
                state=RunState(line.state),
                created_at=line.created_at,
                ended_at=line.ended_at,
                failed_step=line.failed_step,
                input=line.input,
            )
            for line in islice(self._all(), 200)
        )
        return map_of(Catalog(known), runs)

    def runs(self, query: RunQuery) -> contract.Runs:
        """Return runs that match, 50 a page."""
        self.calls += 1
        found = [line for line in self._all() if _matches(line, query)]
        start = int(query.next or 0)
        more = start + PAGE < len(found)
        return contract.Runs(
            runs=tuple(found[start : start + PAGE]),
            next=str(start + PAGE) if more else None,
            pipelines=PIPELINES,
        )

    def run(self, run_id: str) -> contract.RunDetail:
        """Return a run: of 1,000 steps, of a large array, or of four steps."""
        self.calls += 1
        line = self._line(run_id)
        graph = huge(self._share()) if line.pipeline == "huge" else small(line, self._share())
        return contract.RunDetail(
            run=line,
            version=self.version(run_id),
            reopened=0,
            input=contract.Input(
                text=line.input,
                facts=(contract.Fact("size", "12,345 bytes"), contract.Fact("version", NASTY)),
                json={"day": "2026-11-28", "limit": 5},
            ),
            graph=graph,
            actions=_actions(line.state),
        )

    def failures(self, run_id: str) -> contract.Failures:
        """Return two reasons for a failed run, and some for the large array."""
        self.calls += 1
        line = self._line(run_id)
        if line.state not in ("FAILED", "RUNNING"):
            return contract.Failures(groups=(), more=False)
        reasons = (
            ("ValueError: could not convert string to float: '<b>n/a</b>'", 3),
            ("OutOfMemory: killed", 1),
        )
        groups = tuple(
            contract.FailureGroup(
                step="work",
                generation=0,
                reason=reason,
                count=count,
                items=tuple(
                    contract.FailedItem(child=17 + n, item=1700 + n, text=f"s3://inbox/{NASTY}-{n}.csv")
                    for n in range(count)
                ),
            )
            for reason, count in reasons
        )
        return contract.Failures(groups=groups, more=False)

    def timeline(self, run_id: str) -> contract.Timeline:
        """Return four lanes, one with two attempts and a second generation."""
        self.calls += 1
        line = self._line(run_id)
        at = datetime.fromisoformat(line.created_at)
        ends = datetime.fromisoformat(line.ended_at) if line.ended_at else at + timedelta(seconds=300)
        lanes = tuple(
            contract.Lane(
                step=step, child=None, segments=segments(at + timedelta(seconds=20 * number), number)
            )
            for number, step in enumerate(("start", "plan", "work", "merge"))
        )
        vcpus = tuple((iso(at + timedelta(seconds=5 * n)), float(min(n, 40 - n, 16) * 4)) for n in range(40))
        return contract.Timeline(start=line.created_at, end=iso(ends), lanes=lanes, vcpus=vcpus, sampled=True)

    def why(self, run_id: str) -> contract.Why:
        """Return reasons, for the run that is stuck those of a blocked queue."""
        self.calls += 1
        line = self._line(run_id)
        if line.state == "WAITING":
            text = "It waits for its turn behind 1 run under way: it is the next."
            turn = contract.Reason(step="", kind="turn", text=text, since=line.created_at, runs=("wide-0",))
            return contract.Why(text=text, reasons=(turn,))
        if line.state != "RUNNING":
            return contract.Why(text=f"It waits for nothing: it is {line.state}.", reasons=())
        reasons = (
            contract.Reason(
                step="work",
                kind="blocked",
                text="Its queue Sluice_Spot is blocked: the job asks for too many vCPUs.",
                since=iso(datetime.now(UTC) - timedelta(minutes=9)),
                detail="MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - ...",
            ),
            contract.Reason(step="work", kind="queue", text="It is the 3rd in the queue Sluice_Spot."),
            contract.Reason(step="merge", kind="dependency", text="merge waits for all children of work."),
        )
        return contract.Why(text="work waits for a machine that can hold it.", reasons=reasons)

    def children(
        self, run_id: str, step: str, start: int, count: int, generation: int | None
    ) -> contract.Cells:
        """Return cells; those of the large array change all the time."""
        self.calls += 1
        line = self._line(run_id)
        items, total = sizes(line)
        start, end = min(start, total), min(start + count, total)
        share = self._share() if line.state == "RUNNING" else 1.1
        exact = end - start <= contract.MAX_EXACT_CELLS
        cells = [cell(child, total, share, line.state) for child in range(start, end)]
        failed = tuple((1 + n % 3) if cell == "f" else 0 for n, cell in enumerate(cells))
        return contract.Cells(
            step=step,
            generation=generation or 0,
            total=total,
            items=items,
            start=start,
            count=end - start,
            states="".join(cells),
            attempts=tuple(1 + (child % 97 == 0) for child in range(start, end)) if exact else None,
            seconds=durations(start, cells) if exact else None,
            done_items=done(cells, failed, items // total),
            failed_items=failed,
            exact=exact,
        )

    def items(self, run_id: str, step: str, start: int, count: int) -> contract.Items:
        """Return items with names."""
        self.calls += 1
        line = self._line(run_id)
        total, children = sizes(line)
        share = self._share() if line.state == "RUNNING" else 1.1
        each = total // children
        found = tuple(
            contract.Item(
                item=item,
                child=item // each,
                state=cell(item // each, children, share, line.state),
                text=f"s3://inbox/parts/{item:07d}.csv{NASTY if item % 1000 == 17 else ''}",
                reason="ValueError: no number"
                if cell(item // each, children, share, line.state) == "f"
                else None,
            )
            for item in range(start, min(start + count, total))
        )
        if line.state != "SUCCEEDED":
            return contract.Items(step=step, total=total, start=start, items=found)
        bare = tuple(replace(one, text="") for one in found)  # The cleanup has removed what they were.
        return contract.Items(step=step, total=total, start=start, items=bare, is_removed=True)

    def logs(self, run_id: str, query: LogQuery) -> contract.Logs:
        """Return lines, a new one each second while the run runs; of a child that has ended two attempts."""
        self.calls += 1
        line = self._line(run_id)
        running = line.state == "RUNNING"
        last = int(self._seconds()) + 20 if running else 400
        attempts = 1 if running or query.child is None else 2
        lines = log_lines(line, int(query.after or 0), last, attempts, query.attempt)
        return contract.Logs(
            step=query.step or "work",
            child=query.child,
            generation=query.generation or 0,
            generations=2,
            attempts=attempts,
            lines=tuple(one for one in lines if (query.search or "").casefold() in one.text.casefold()),
            next=str(last),
            ended=not running,
        )

    def results(self, run_id: str) -> contract.Results:
        """Return a file of each kind, for a run that has succeeded or failed."""
        self.calls += 1
        if self._line(run_id).state == "RUNNING":
            return contract.Results(files=(), more=False)
        files = tuple(
            contract.ResultFile(name=name, size=len(content), kind=kind)
            for name, (kind, content) in FILES.items()
        )
        return contract.Results(files=files, more=False)

    def preview(self, run_id: str, name: str) -> contract.Preview:
        """Return the beginning of a file."""
        self.calls += 1
        kind, content = self._file(run_id, name)
        text, columns, rows, src = None, None, None, None
        if kind == "text":
            text = content.decode().replace("\u202e", "\\u202e")
        elif kind == "table":
            table = [tuple(row.split(",")) for row in content.decode().splitlines()[:201]]
            columns, rows = table[0], tuple(table[1:])
        elif kind in ("image", "html"):
            src = f"/api/runs/{run_id}/raw/{name}"
        return contract.Preview(
            name=name,
            kind=kind,
            size=len(content),
            cut=kind == "table",
            text=text,
            columns=columns,
            rows=rows,
            src=src,
            parts=-(-len(content) // PART) if name == "photo.png" else None,
        )

    def download(self, run_id: str, name: str, *, whole: bool = False, part: int | None = None) -> Download:
        """Return a file, or a part of it."""
        _, content = self._file(run_id, name)
        if part is not None:
            content = content[part * PART : (part + 1) * PART]
        return Download(name=name, size=len(content), pieces=iter((content,)))

    def _file(self, run_id: str, name: str) -> tuple[str, bytes]:
        self._line(run_id)
        if name not in FILES:
            raise NotFoundError(f"Expected a published file, found {name!r}, which is none.")
        return FILES[name]

    def plan_action(self, run_id: str, action: str) -> contract.ActionPlan:
        """Return what would be done."""
        line = self._line(run_id)
        allowed = action in _actions(line.state)
        text = {
            "retry": "3 failed items of work are worked on again, then merge runs. What is done stays so.",
            "retry-current": "The same, with the code of now: work gets image 9f3c instead of 1b2a.",
            "rerun": "A new run begins with the same input.",
            "cancel": "2 jobs are ended, and nothing new is submitted.",
        }[action]
        return contract.ActionPlan(
            action=action,
            run_id=run_id,
            allowed=allowed,
            permission=contract.Permission(allowed=True),
            text=(text,) if allowed else (f"It is {line.state}.",),
        )

    def act(self, run_id: str, action: str, person: Person) -> contract.ActionResult:
        """Pretend to do it."""
        line = self._line(run_id)
        if action not in _actions(line.state):
            raise RunStateError(f"Expected another state, found {run_id} {line.state}.", RunState(line.state))
        self.acts.append((person.name, action, run_id))
        if action == "rerun":
            new = self._begin(line.pipeline, line.input)
            return contract.ActionResult(action=action, run_id=new, done=True, text=(f"{new} begins.",))
        self._ended.clear()
        self.states[run_id] = "CANCELLED" if action == "cancel" else "RUNNING"
        return contract.ActionResult(action=action, run_id=run_id, done=True, text=(f"{action}: done.",))

    def _begin(self, pipeline: str, text: str) -> str:
        run_id = f"{pipeline}-new{len(self.started)}"
        self.started[run_id] = contract.RunLine(
            run_id=run_id,
            pipeline=pipeline,
            state="RUNNING",
            created_at=iso(datetime.now(UTC)),
            ended_at=None,
            seconds=0.0,
            input=text,
        )
        return run_id

    def pipelines(self) -> contract.Pipelines:
        """Return pipelines with all kinds of triggers, one with a schema."""
        schema = {
            "type": "object",
            "required": ["day"],
            "properties": {
                "day": {"type": "string", "format": "date", "description": "The day to work on"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 5},
                "carriers": {"type": "array", "items": {"type": "string", "enum": ["AA", "UA", "DL"]}},
                "verbose": {"type": "boolean"},
            },
        }
        upload = contract.Trigger(
            kind="upload", text="S3 upload word-count/*.txt", prefix="word-count/", suffix=".txt"
        )
        tomorrow = iso(datetime.now(UTC) + timedelta(hours=7))
        schedule = contract.Trigger(kind="schedule", text="schedule cron(0 6 * * ? *) UTC", next=tomorrow)
        manual = contract.Trigger(kind="manual", text="manual")
        return contract.Pipelines(
            pipelines=(
                _pipeline("word-count", (upload,), None),
                _pipeline("flights", (manual, schedule), schema),
                *(_pipeline(name, (manual,), None) for name in PIPELINES[2:]),
            )
        )

    async def store_file(
        self,
        pipeline: str,
        name: str,
        token: str,
        prefix: str | None,
        body: AsyncIterator[bytes],
        person: Person,
    ) -> contract.StoredFile:
        """Keep a file; one that ends in .txt starts a run of word-count."""
        content = b"".join([piece async for piece in body])
        self.stored[name] = content
        starts = pipeline == "word-count"
        if starts and not name.endswith(".txt"):
            raise RequestError(f"Expected a file that a trigger takes (*.txt), found {name!r}.")
        run_ids = (self._begin(pipeline, f"s3://inbox/{pipeline}/{name}"),) if starts else ()
        return contract.StoredFile(
            name=name,
            key=f"{pipeline}/{name}",
            size=len(content),
            run_ids=run_ids,
            of_request=not starts,
            gathered=False,
        )

    def start(self, pipeline: str, request: contract.StartRequest, person: Person) -> contract.Started:
        """Begin a run that runs."""
        if pipeline not in PIPELINES:
            raise NotFoundError(f"Expected the name of a pipeline, found {pipeline!r}.")
        self.acts.append((person.name, "start", pipeline))
        return contract.Started((self._begin(pipeline, json.dumps(request.input)),))

    def compare(self, a: str, b: str) -> contract.Comparison:
        """Return two runs of which one step differs."""
        first, second = self._line(a), self._line(b)
        steps = tuple(
            contract.StepComparison(
                name=name,
                a=_times(number, "1b2a"),
                b=_times(number + 1, "1b2a" if number != 2 else "9f3c"),
                same_code=number != 2,
            )
            for number, name in enumerate(("start", "plan", "work", "merge", "cleanup"))
        )
        return contract.Comparison(
            a=first,
            b=second,
            steps=steps,
            input_a='{"day": "2026-11-27"}',
            input_b='{"day": "2026-11-28"}',
            same_input=False,
        )

    def trends(self, pipeline: str) -> contract.Trends:
        """Return the newest hundred runs of a pipeline."""
        runs = [line for line in self._all() if line.pipeline == pipeline][:100]
        failed = sum(line.state == "FAILED" for line in runs)
        return contract.Trends(pipeline=pipeline, runs=tuple(reversed(runs)), failed_steps={"work": failed})

    def groups(self) -> contract.Groups:
        """Return a group that closes in minutes."""
        now = datetime.now(UTC)
        return contract.Groups(
            (
                contract.Group(
                    run_id="flights-group",
                    pipeline="flights",
                    trigger="upload:flights/*.csv",
                    files=17,
                    max_files=100,
                    opened_at=iso(now - timedelta(seconds=40)),
                    closes_at=iso(now + timedelta(seconds=200)),
                ),
            )
        )

    def uploads(self) -> contract.Uploads:
        """Return files with wrong names."""
        uploads = tuple(
            contract.Upload(
                key=f"word-count/{name}",
                size=1234,
                at=iso(BEGAN),
                text="No trigger takes it: those of word-count/ take *.txt.",
            )
            for name in ("text.TXT", f"{NASTY}.csv")
        )
        return contract.Uploads(uploads=uploads, more=False)

    def alerts(self, pipeline: str | None = None) -> contract.Alerts:
        """Return an alert of a failed run, one of many, and one of a queue."""
        self.calls += 1
        failed, late = self._line("broken-0"), self._line("flights-13")
        detail = (
            f"Why:      ValueError: could not convert {NASTY}\n\nTo run it again:\n  sluice retry broken-0\n"
        )
        found = (
            ("failed", failed.run_id, failed.pipeline, "broken failed at work"),
            ("digest", late.run_id, late.pipeline, "12 more runs of flights failed at the step work"),
            ("blocked", "", "", "the queue Sluice_Spot is blocked"),
        )
        alerts = (
            contract.Alert(run_id=run, pipeline=name, kind=kind, at=failed.ended_at, text=text, detail=detail)
            for kind, run, name, text in found
            if pipeline in (None, name)
        )
        return contract.Alerts(tuple(alerts), alarms=alarms(failed.ended_at) if pipeline is None else None)

    def doctor(self) -> contract.Doctor:
        """Return a finding of each level."""
        findings = tuple(
            contract.Finding(level=level, check=check, text=text)
            for level, check, text in (
                ("ok", "quotas", "The vCPU quotas are enough."),
                ("note", "alerts", "The SMS sandbox is on."),
                (
                    "problem",
                    "bootstrap",
                    "Expected CDKToolkit in eu-central-1, found none. `sluice deploy` makes it.",
                ),
            )
        )
        return contract.Doctor(findings=findings)

    def version(self, run_id: str | None) -> str:
        """Return another version every second while something runs."""
        line = self._line(run_id) if run_id else None
        now = int(self._seconds()) if line is None or line.state == "RUNNING" else 0
        return f"{now}-{len(self.started)}-{len(self.acts)}"


def _parts(run_id: str) -> tuple[str, int]:
    name, _, number = run_id.rpartition("-")
    if name not in PIPELINES or not number.isdecimal() or int(number) >= RUNS:
        raise RunNotFoundError(run_id)
    return name, int(number)


def _state(name: str, number: int) -> str:
    if number == 0:
        return "FAILED" if name == "broken" else "RUNNING"
    return "FAILED" if number % 13 == 0 else "CANCELLED" if number % 101 == 0 else "SUCCEEDED"


def _actions(state: str) -> tuple[str, ...]:
    if state == "FAILED":
        return contract.ACTIONS
    return ("cancel", "rerun") if state == "RUNNING" else ("rerun",)


def _attention(line: contract.RunLine, kind: str, text: str) -> contract.Attention:
    return contract.Attention(
        run=line, kind=kind, since=line.ended_at or line.created_at, text=text, actions=_actions(line.state)
    )


def _matches(line: contract.RunLine, query: RunQuery) -> bool:
    key, _, value = (query.label or "").partition("=")
    tests = (
        query.pipeline in (None, line.pipeline),
        query.state in (None, line.state),
        query.since is None or line.created_at >= query.since,
        query.until is None or line.created_at[: len(query.until)] <= query.until,
        query.input is None or query.input.casefold() in line.input.casefold(),
        query.label is None or line.labels.get(key) == value,
    )
    return all(tests)


def _pipeline(
    name: str, triggers: tuple[contract.Trigger, ...], schema: Mapping[str, object] | None
) -> contract.Pipeline:
    return contract.Pipeline(
        name=name,
        triggers=triggers,
        steps=("plan", "work", "merge"),
        takes_input=any(one.kind == "manual" for one in triggers),
        takes_files=True,
        schema=schema,
    )


def _times(number: int, code: str) -> contract.StepTimes:
    return contract.StepTimes(
        state="SUCCEEDED", seconds=10.0 * number, children=200, failed=0, definition=f"Sluice-work-{code}"
    )
