"""10,000 runs as the ledger has them, and one whose array has 10,000 children in AWS Batch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.cloud import Cloud
from sluice.ledger import listed, records
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.job_names import run_id
from sluice.run.state import Run, RunState, StepRecord, StepState

RUNS, CHILDREN, RUNNING = 10_000, 10_000, 20
PIPELINES = tuple(f"pipeline-{number}" for number in range(10))
REASON = "ValueError: no number"
_FAILED_EVERY = 25
_ENDED = timedelta(minutes=3)
_TOO_LARGE = {"resourceRequirements": [{"type": "VCPU", "value": "100000"}]}


def _id(number: int) -> str:
    return run_id(PIPELINES[number % len(PIPELINES)], "bench", {"number": str(number)})


LARGE = _id(0)
"""The newest run."""


def run_of(number: int) -> Run:
    """Return a run; 0 is the newest, the first ones are running, and of the others every 25th has failed."""
    name = PIPELINES[number % len(PIPELINES)]
    at = datetime.now(UTC) - timedelta(minutes=number)
    running, failed = number < RUNNING, number % _FAILED_EVERY == 0
    state = RunState.RUNNING if running else RunState.FAILED if failed else RunState.SUCCEEDED
    return Run(
        run_id=_id(number),
        pipeline=_pipeline(name),
        trigger={
            "kind": "s3",
            "bucket": "inbox",
            "key": f"{name}/{number}.csv",
            "size": 1,
            "etag": "e",
            "version_id": "1",
        },
        state=state,
        created_at=_text(at),
        ended_at=None if running else _text(at + _ENDED),
        failed_step="work" if state is RunState.FAILED else None,
    )


def items_of(run: Run, job_id: str | None = None, children: int = 1) -> Iterator[dict[str, Any]]:
    """Yield a run's items in the ledger's table: its own, the rows that list it, and its steps."""
    ended = records.values_of(ended_at=run.ended_at, failed_step=run.failed_step)
    own = listed.run_item(run) | ended
    if run.ended_at:
        del own["unfinished"]
    yield own
    yield from listed.rows(run.run_id, run.trigger, run.created_at)
    state = {RunState.RUNNING: StepState.SUBMITTED, RunState.FAILED: StepState.FAILED}
    work = StepRecord(
        name="work",
        state=state.get(run.state, StepState.SUCCEEDED),
        job_id=job_id,
        children=children,
        reason=REASON if run.state is RunState.FAILED else None,
        claimed_at=run.created_at,
    )
    yield records.step_item(run.run_id, work) | records.values_of(job_id=job_id)


def items_of_runs(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Yield the items of all runs; the jobs of those that run wait in AWS Batch."""
    jobs = _Jobs(cloud)
    for number in range(RUNS):
        run = run_of(number)
        children = CHILDREN if run.run_id == LARGE else 1
        yield from items_of(run, jobs.submit(run, children) if run.ended_at is None else None, children)


class _Jobs:
    """Jobs that wait for one that no machine can hold: none of them works meanwhile."""

    def __init__(self, cloud: Cloud) -> None:
        self._batch = cloud.client("batch")
        definitions = self._batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
        self._definition = definitions[0]["jobDefinitionArn"]
        self._queue = sorted(cloud.deployment.queues.values())[0]
        self._first = self._submit("bench-first", containerOverrides=_TOO_LARGE)

    def submit(self, run: Run, children: int) -> str:
        """Submit the job of a run's step."""
        array = {"arrayProperties": {"size": children}} if children > 1 else {}
        return self._submit(f"{run.run_id}_work_0", dependsOn=[{"jobId": self._first}], **array)

    def _submit(self, name: str, **more: Any) -> str:
        given = {"jobName": name, "jobQueue": self._queue, "jobDefinition": self._definition}
        return str(self._batch.submit_job(**given, **more)["jobId"])


def _pipeline(name: str) -> CompiledPipeline:
    work = CompiledStep("work", Kind.ARRAY, "work:1", "normal", size=CHILDREN)
    return CompiledPipeline(
        name, (work, CompiledStep("merge", Kind.JOB, "merge:1", "normal", after=("work",)))
    )


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
