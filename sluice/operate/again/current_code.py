"""Has a failed run go on with what is deployed now, as far as its steps still mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sluice.aws.batch_jobs import ENDED, BatchReader, jobs_by_id
from sluice.counted import counted
from sluice.errors import MalformedMessageError
from sluice.ledger.ledger import Ledger
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.again.objects import ObjectRemover, failing_children, remove_objects
from sluice.operate.errors import OperationError
from sluice.run import uploads
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.failures.outdated import lacking
from sluice.run.overrides import overridden
from sluice.run.reopening import Comparison, Difference, Reopening
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.triggers.trigger_event import Request, stored_trigger

_ABANDONED = timedelta(minutes=15)


class CodeDiffersError(OperationError):
    """Steps that are done mean something else in the deployed pipeline; ``differences`` are all of them."""

    def __init__(self, run_id: str, differences: list[Difference]) -> None:
        self.differences = differences
        lost = [one for one in differences if one.loses]
        lines = "".join(f"\n  {one.step}: {one.what}" for one in lost)
        super().__init__(
            f"Expected what {run_id} has done to mean the same in the deployed pipeline, found"
            f" {counted(len(lost), 'step')} of which that would be thrown away:{lines}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentCode:
    """Prepares a run to go on with the deployed pipeline; with ``force`` also where that throws away what is
    done.
    """

    ledger: Ledger
    batch: BatchReader
    s3: ObjectRemover
    work_bucket: str
    queues: Mapping[str, str]
    definitions: DeployedDefinitions
    force: bool = False

    def prepare(self, run: Run, now: datetime) -> Reopening:
        """Undo what is different now, and return what the run is reopened with.

        Raises CodeDiffersError where something that is done would be thrown away, and OperationError for a
        run with live jobs, for a pipeline that is not deployed, and where another process changed the run.
        """
        self._check_idle(run, now)
        pipeline = self._pipeline(run)
        if run.state is RunState.SUCCEEDED:
            raise OperationError(
                f"Expected a run that has failed, found {run.run_id} SUCCEEDED without some items: retry it"
                " with the code that it began with, or start a run of its failed items, with the code of now"
                " (`sluice run --items`)."
            )
        comparison = Comparison(run.pipeline, pipeline, run.steps, lacking(run))
        differences = comparison.differences()
        if any(one.loses for one in differences) and not self.force:
            raise CodeDiffersError(run.run_id, differences)
        stamp = now.astimezone(UTC).isoformat(timespec="milliseconds")
        failing = failing_children(self.s3, self.work_bucket, run)
        change = comparison.reopening(_new_plans(pipeline, run, stamp), failing)
        if not self.ledger.rewrite_steps(run, change, stamp):
            raise OperationError(
                f"Expected {run.run_id} as it was a moment ago, found that another process changed it. Try"
                " again."
            )
        # Those of an attempt that ended before it had removed them, too.
        before = (record.name for record in run.steps.values() if record.discarded)
        for name in dict.fromkeys([*change.discarded, *change.removed, *before]):
            remove_objects(self.s3, self.work_bucket, run.run_id, name)
        return change

    def _pipeline(self, run: Run) -> CompiledPipeline:
        pipeline = self.definitions.load(run.pipeline.name)
        starts = [
            {step.name for step in one.steps if step.kind is Kind.START} for one in (run.pipeline, pipeline)
        ]
        if starts[0] != starts[1]:
            raise OperationError(
                f"Expected submit_from= of {pipeline.name} as it was when {run.run_id} began, found it"
                " changed. Run it again from its beginning."
            )
        started_by = stored_trigger(run.trigger) if "kind" in run.trigger else None
        if not isinstance(started_by, Request) or not started_by.overrides:
            return pipeline
        try:
            return overridden(run.run_id, pipeline, started_by.overrides, self.queues)
        except MalformedMessageError as error:
            raise OperationError(str(error)) from error

    def _check_idle(self, run: Run, now: datetime) -> None:
        """Raise OperationError while jobs of the run are live: they would go on with the code that they
        have.
        """
        submitted = {
            record.job_id: record.name
            for record in run.steps.values()
            if record.state is StepState.SUBMITTED and record.job_id
        }
        jobs = jobs_by_id(self.batch, list(submitted))
        live = [submitted[job_id] for job_id, job in jobs.items() if job["status"] not in ENDED]
        live += [record.name for record in run.steps.values() if _may_be_submitted(record, now)]
        if live:
            raise OperationError(
                f"Expected no live job of {run.run_id}, found those of {', '.join(sorted(live))}. Wait until"
                " they have ended."
            )


def _may_be_submitted(record: StepRecord, now: datetime) -> bool:
    """Return whether the owner of a claim may still be at work."""
    is_claim = record.state is StepState.CLAIMED
    return is_claim and now - datetime.fromisoformat(record.claimed_at) < _ABANDONED


def _new_plans(pipeline: CompiledPipeline, run: Run, now: str) -> tuple[StepRecord, ...]:
    """Return the plans of uploads that the run did not have; they are done when a run begins."""
    new = [step.name for step in pipeline.steps if step.of_uploads and step.name not in run.steps]
    if not new:
        return ()
    found = uploads.plans(pipeline, stored_trigger(run.trigger), now)
    return tuple(found[name] for name in new)
