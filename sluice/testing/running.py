"""Runs a whole pipeline in the process of a test, with the real decisions, ledger, manifests, results and
failure rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from scheduler.spec import Retry, Rule
from sluice import keys
from sluice.advance.advancer import Advancer
from sluice.advance.batch_events import job_ended, joined
from sluice.advance.failure_reports import first_failure
from sluice.advance.proof import verdict
from sluice.compute import Compute
from sluice.items.manifest import read_slice
from sluice.items.object_store import list_keys
from sluice.ledger.ledger import Ledger
from sluice.messages import Planned, parse_from_job
from sluice.pipeline.compiling import CLEANUP, START, JobDefinitions, compile_pipeline, own_compute, queues_of
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.node_groups import programs_of_step
from sluice.pipeline.retry_rules import retry_rules
from sluice.pipeline.validation import validate
from sluice.run import child_ranges, uploads
from sluice.run.compiled import CompiledPipeline
from sluice.run.failures.outdated import begun_anew, has_objects, lacking, repeated_in_part
from sluice.run.failures.words import newest_words, tally
from sluice.run.overrides import overridden
from sluice.run.reopening import Reopening
from sluice.run.state import Run, RunState, StepState
from sluice.run.step_graph import StepGraph
from sluice.testing import recent
from sluice.testing.attempts import Attempts
from sluice.testing.commands import StandIn
from sluice.testing.errors import HarnessError
from sluice.testing.faults import Fault, FaultPlan
from sluice.testing.functions import Functions, StepModule, find_functions
from sluice.testing.inputs import Files, Start, manifests_of, start_of, with_overrides
from sluice.testing.memory.batch import Batch, BatchJob
from sluice.testing.memory.clients import SETTINGS, Cloud
from sluice.testing.outcome import RunOutcome
from sluice.testing.recording import Recorder
from sluice.testing.reporting import Report
from sluice.testing.upstream import start_after
from sluice.triggers.trigger_event import Request, TriggerEvent

_GATE = "gate"
_ATTEMPTS = 5


def run(
    pipeline: Pipeline,
    *,
    files: Files | None = None,
    input: Any = None,  # noqa: A002 - what it is called everywhere
    trigger: TriggerEvent | None = None,
    upstream: Mapping[str, Files] | None = None,
    key: Mapping[str, str] | None = None,
    functions: Functions | None = None,
    commands: Mapping[str, StandIn] | None = None,
    secrets: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    faults: Sequence[Fault] = (),
) -> RunOutcome:
    """Run a pipeline from what starts it to its end, and return what became of it.

    ``files`` are uploads by their names below the trigger's prefix; ``input`` is what a request, a schedule
    or a webhook gives the run; ``trigger`` is one of ``sluice.steps`` instead of both. ``upstream`` are the
    files that the pipelines before this one published, by pipeline and name, and ``key`` the partition key
    that their runs have in common. ``functions`` are the module or the functions of the steps, without which
    ``containers/<pipeline>/steps.py`` of the project has them. ``commands`` stand for the commands of images,
    and ``secrets`` are the values of the secrets' variables. ``faults`` go wrong.

    A run that fails is an answer, no error. Raises PipelineError for a pipeline that no deploy takes,
    HarnessError for a run that it cannot have, and MalformedMessageError for an input that none may have.
    """
    found = find_functions(pipeline, functions)
    validate(pipeline, pipeline.name, found.sources)
    cloud = Cloud()
    if upstream is None:
        start = start_of(pipeline, cloud.buckets, files or {}, input, trigger)
    else:
        start = start_after(pipeline, cloud.buckets, upstream, key or {})
    if overrides:
        start = with_overrides(start, overrides)
    execution = Execution(pipeline, cloud, start, commands or {}, secrets or {})
    return execution.begin(found, faults)


@dataclass(slots=True)
class Execution:
    """One run, which can be let go on after it failed."""

    pipeline: Pipeline
    cloud: Cloud
    start: Start
    commands: Mapping[str, StandIn]
    secrets: Mapping[str, str]
    recorder: Recorder = field(default_factory=Recorder)
    manifests: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    functions: StepModule = field(init=False)
    compiled: CompiledPipeline = field(init=False)
    batch: Batch = field(init=False)
    faults: FaultPlan = field(init=False)

    def begin(self, functions: StepModule, faults: Sequence[Fault]) -> RunOutcome:
        """Begin the run, and return what became of it."""
        self.functions, self.faults = functions, FaultPlan(faults)
        self._check()
        definitions = JobDefinitions(
            steps={step.name: step.name for step in self.pipeline.steps},
            cleanup=CLEANUP,
            gate=_GATE,
            start=START,
        )
        self.batch = Batch(_retries(self.pipeline))
        self.compiled = compile_pipeline(self.pipeline, definitions)
        event, now = self.start.event, datetime.now(UTC).isoformat(timespec="milliseconds")
        if isinstance(event, Request) and event.overrides:
            self.compiled = overridden(
                self.start.run_id, self.compiled, event.overrides, self._advancer.queues
            )
        for manifest, items in manifests_of(event):
            self._keep(manifest, items)
        begun = Run(
            run_id=self.start.run_id,
            pipeline=self.compiled,
            trigger=event.to_dict(),
            created_at=now,
            steps=uploads.plans(self.compiled, event, now),
        )
        self._advancer.start(begun)
        return self._finish()

    def resume(
        self,
        *,
        functions: Functions | None = None,
        commands: Mapping[str, StandIn] | None = None,
        secrets: Mapping[str, str] | None = None,
        faults: Sequence[Fault] = (),
    ) -> RunOutcome:
        """Let the failed run go on, and return what became of it."""
        run = self._load()
        if functions is not None:
            self.functions = find_functions(self.pipeline, functions)
        self.commands, self.secrets = commands or self.commands, secrets or self.secrets
        self.faults = FaultPlan(faults)
        self._check()
        failed = [one for one in run.steps.values() if one.failed] or lacking(run)
        if not failed or not self._ledger.reopen(self._undone(run)):
            raise HarnessError(f"Expected a run in which something failed, found {run.run_id} {run.state}.")
        self._advancer.advance(run.run_id)
        return self._finish()

    def _undone(self, run: Run) -> Run:
        """Return the run without what saw a failure that is repeated, as a retry undoes it."""
        graph, outdated = StepGraph(run.pipeline), begun_anew(run)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        repeated = tuple((name, self._failing(run, name)) for name in repeated_in_part(run))
        self._ledger.rewrite_steps(run, Reopening(outdated=tuple(outdated), repeated=repeated), now)
        for name in outdated:
            if has_objects(graph.steps[name], run.steps[name]):
                self.cloud.buckets.remove(SETTINGS.work_bucket, f"{keys.run_prefix(run.run_id)}{name}/")
        return self._load()

    def _failing(self, run: Run, step: str) -> str:
        prefix = keys.all_words_prefix(run.run_id, step)
        words = newest_words(list_keys(self.cloud.buckets, SETTINGS.work_bucket, prefix))
        return child_ranges.to_text(tally(run.steps[step], words).failing)

    def _finish(self) -> RunOutcome:
        """Run the jobs until none is left."""
        attempts = Attempts(
            pipeline=self.pipeline,
            cloud=self.cloud,
            recorder=self.recorder,
            functions=self.functions,
            commands=self.commands,
            secrets=self.secrets,
            faults=self.faults,
            kinds={step.name: step.kind for step in self.compiled.steps},
            start_steps=self._start_steps,
        )
        while (job := self.batch.next_ready()) is not None:
            self.batch.run(job, attempts.start)
            self._record(job)
            self._advancer.advance(self.start.run_id)
        run = self._load()
        if run.state is RunState.RUNNING:
            raise HarnessError(f"Expected {run.run_id} to end, found that nothing of it is left to run.")
        self.faults.check_met()
        outcome = Report(self.pipeline, self.cloud, self.recorder, self.manifests).of(run, self.resume)
        recent.add(outcome)
        return outcome

    def _record(self, job: BatchJob) -> None:
        """Record what a job published, and how it ended, as fan_out and track do."""
        for message in self.cloud.topic.take():
            plan = parse_from_job(message)
            # An array that cannot succeed any more is not ended early: its children are functions here.
            if isinstance(plan, Planned):
                self._ledger.record_plan(plan)
                self._keep(plan.manifest, plan.items)
        ended = job_ended(job.describe())
        if ended is None:
            raise HarnessError(f"Expected the end of a job, found {job.describe()}.")
        name, s3 = ended.name, self.cloud.buckets
        assignment = self._ledger.assignment(name.run_id, name.step)
        found = verdict(ended, assignment, SETTINGS.work_bucket, s3)
        if found is None:
            return
        reason = found.reason
        if found.state is StepState.FAILED:
            report = first_failure(s3, SETTINGS.work_bucket, name.run_id, name.step, name.generation)
            reason = joined(reason, report)
        self._ledger.record_end(
            name.run_id,
            name.step,
            found.state,
            generation=name.generation,
            job_id=ended.job_id,
            reason=reason,
            succeeded=found.succeeded,
            failed_items=found.failed_items,
            memory_children=found.memory_children,
            failed_children=found.failed_children,
        )

    def _keep(self, manifest: str, items: int) -> None:
        """Keep the items of a manifest, which goes with the run's transient objects."""
        self.manifests[manifest] = list(
            read_slice(self.cloud.buckets, SETTINGS.work_bucket, manifest, 0, items)
        )

    def _start_steps(self) -> None:
        replace(self._advancer, is_start_job=True).advance(self.start.run_id)

    @property
    def _ledger(self) -> Ledger:
        return Ledger(self.cloud.table, SETTINGS.ledger_table)

    @property
    def _advancer(self) -> Advancer:
        return Advancer(
            ledger=self._ledger,
            batch=lambda: self.batch,
            queues={queue: queue for queue in queues_of([self.pipeline])},
            notify_failed=lambda message: None,
            sleep=lambda seconds: None,
        )

    def _load(self) -> Run:
        found = self._ledger.load(self.start.run_id)
        if found is None:
            raise HarnessError(f"Expected the run {self.start.run_id}, found none.")
        return found

    def _check(self) -> None:
        """Raise HarnessError for what the test must give and does not."""
        self.faults.check([step.name for step in self.pipeline.steps])
        commands = [
            step.name
            for step in self.pipeline.steps
            if any(one.command for one in programs_of_step(step)) and step.name not in self.commands
        ]
        if commands:
            raise HarnessError(
                f"Expected what stands for the commands of {', '.join(commands)}, found none: no image is"
                f" started here. Pass commands={{{commands[0]!r}: lambda command: 0}}."
            )
        secrets = {name for step in self.pipeline.steps for name in step.secrets} - set(self.secrets)
        if secrets:
            first = min(secrets)
            raise HarnessError(
                f"Expected the values of the secrets {', '.join(sorted(secrets))}, found none. Pass"
                f' secrets={{{first!r}: "…"}}.'
            )


def _retries(pipeline: Pipeline) -> dict[str, Retry]:
    """Return the retry rules of each job definition, as a deploy writes them."""
    found = {
        step.name: _retry(
            min(step.attempts, (step.retries.reclaimed if step.retries else None) or step.attempts),
            retry_rules(
                step.retry,
                function=programs_of_step(step)[0].run is not None,
                compute=Compute.of(step.compute),
            ),
        )
        for step in pipeline.steps
    }
    added = _retry(_ATTEMPTS, retry_rules([], function=True, compute=own_compute(pipeline)))
    return {**found, CLEANUP: added, _GATE: added, START: added}


def _retry(attempts: int, rules: Sequence[Any]) -> Retry:
    return Retry(attempts, tuple(Rule(one.action, **one.conditions) for one in rules))
