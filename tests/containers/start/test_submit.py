"""The start job's entry point: its settings, its client for Batch, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from containers.start import submit as start_module
from sluice import keys
from sluice.advance.advancer import Advancer
from sluice.aws import clients
from sluice.ledger.ledger import Ledger
from sluice.messages import RunFailed
from sluice.pipeline.definition import Job, Pipeline, S3Upload
from sluice.run.state import Run, RunState, StepState
from sluice.runtime.__main__ import main
from sluice.runtime.exit_codes import FAILED, SUPERSEDED, TRY_AGAIN
from sluice.settings import StartSettings, SubmissionSettings
from tests.sluice.clouds import TABLE, Batch, refused
from tests.sluice.graphs import QUEUES
from tests.sluice.runtime.failing_clients import TRANSIENT
from tests.sluice.runtime.jobs import NOW, WORK, Jobs, job_id
from tests.sluice.runtime.probe import submission

PIPELINE = Pipeline(
    name="fan",
    triggers=[S3Upload(prefix="fan/")],
    submit_from="start-job",
    steps=[Job("first", run="nothing"), Job("last", run="nothing", after=["first"])],
)
WORD = "containers.start.submit:submit"


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch, jobs: Jobs) -> Batch:
    """AWS Batch as the start job sees it, with the start job itself in it; its pauses take no time."""
    found = Batch()
    found.jobs[job_id("start")] = {"jobId": job_id("start"), "jobName": "start", "jobQueue": QUEUES["normal"]}
    real = clients.client
    monkeypatch.setattr(start_module, "client", lambda name: found if name == "batch" else real(name))
    monkeypatch.setattr(start_module.submit_all, "__defaults__", (lambda seconds: None,))
    queue = jobs.sqs.create_queue(QueueName="alerts")["QueueUrl"]
    settings = StartSettings(ledger_table=TABLE, queues=StartSettings.join_queues(QUEUES), alert_queue=queue)
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def run(jobs: Jobs) -> Run:
    """A run whose start job has been submitted."""
    begun = jobs.upload(PIPELINE, "fan/a", b"")
    jobs.submit(begun, submission(jobs, begun, "start"))
    return begun


def start(jobs: Jobs, run: Run) -> int:
    """Run an attempt of the start job and return its exit code."""
    variables = SubmissionSettings(run=run.run_id, step="start", generation="0").to_env()
    return main(
        [WORD],
        jobs.settings.to_env()
        | variables
        | {"AWS_BATCH_JOB_ID": job_id("start"), "AWS_BATCH_JOB_ATTEMPT": "1"},
    )


def recorded(jobs: Jobs, run: Run) -> Run:
    """Return the run as the ledger has it."""
    found = jobs.ledger.load(run.run_id)
    assert found is not None
    return found


def test_it_submits_the_steps_and_prints_how_many(
    jobs: Jobs, batch: Batch, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the queues and definitions of the run's own pipeline, each after the start job or after its
    parents.
    """
    assert start(jobs, run) == 0
    assert "start of fan-aaaaaaaaaaaaaaaaaaaa, child 0: 3 steps submitted" in capsys.readouterr().out
    submitted = {job["jobName"].split("_")[1]: job for job in batch.jobs.values() if "_" in job["jobName"]}
    assert submitted.keys() == {"first", "last", "cleanup"}
    assert submitted["first"]["dependsOn"] == [{"jobId": job_id("start")}]
    assert submitted["last"]["dependsOn"] == [{"jobId": submitted["first"]["jobId"]}]
    assert {record.state for record in recorded(jobs, run).steps.values()} == {StepState.SUBMITTED}


def test_another_attempt_finds_nothing_left_to_do(jobs: Jobs, batch: Batch, run: Run) -> None:
    """It ends well and submits nothing."""
    assert [start(jobs, run), start(jobs, run)] == [0, 0]
    assert len(batch.jobs) == 4


def test_claims_that_stay_open_ask_for_another_attempt(jobs: Jobs, batch: Batch, run: Run) -> None:
    """The exit code is the one that the retry rules know; the next attempt may find more."""
    batch.answers = [("before", ReadTimeoutError(endpoint_url="https://batch"))]
    assert start(jobs, run) == TRY_AGAIN
    assert recorded(jobs, run).state is RunState.RUNNING


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused("TooManyRequestsException"), 0),
        (refused("ServiceUnavailable", status=503), 0),
        (refused("ProvisionedThroughputExceededException"), 0),
        (refused("ThrottlingException"), 0),
        (refused("TransactionInProgressException"), 0),
        (ReadTimeoutError(endpoint_url="batch"), 0),
        (refused("AccessDeniedException", "batch:ListJobs", 403), 0),
        (refused("ValidationException", "batch:ListJobs", 400), FAILED),
    ],
)
def test_a_call_that_may_succeed_later_is_tried_later(
    jobs: Jobs, batch: Batch, run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    """A throttled look-up ends no start job: no message comes a second time. Nor does a permission that is
    not there yet; what is wrong ends it at once.
    """
    errors, real = [error], Advancer.advance

    def advance(advancer: Advancer, run_id: str) -> bool:
        if errors:
            raise errors.pop()
        return real(advancer, run_id)

    monkeypatch.setattr(Advancer, "advance", advance)
    assert start(jobs, run) == code
    assert len(batch.jobs) == (4 if code == 0 else 1)


@pytest.mark.parametrize("error", TRANSIENT.values(), ids=list(TRANSIENT))
@pytest.mark.parametrize("times", [1, 1_000], ids=["once", "always"])
@pytest.mark.parametrize("call", ["load", "claim"])
def test_a_ledger_that_is_busy_for_the_moment_is_no_failure(
    jobs: Jobs,
    batch: Batch,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    times: int,
    error: Exception,
) -> None:
    """A throttle of DynamoDB once is met by another look; one that lasts is left to another attempt."""
    errors, real = [error] * times, getattr(Ledger, call)

    def busy(ledger: Ledger, *given: Any) -> Any:
        if errors:
            raise errors.pop()
        return real(ledger, *given)

    monkeypatch.setattr(Ledger, call, busy)
    assert start(jobs, run) == (0 if times == 1 else TRY_AGAIN)
    assert len(batch.jobs) == (4 if times == 1 else 1)
    assert jobs.keys(WORK, keys.failures_prefix(run.run_id, "start", 0)) == []


def test_the_open_claims_are_listed_up_to_five(
    jobs: Jobs, batch: Batch, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line counts the others only where there are some."""
    batch.answers = [("before", ReadTimeoutError(endpoint_url="https://batch"))]
    assert start(jobs, run) == TRY_AGAIN
    assert "Claims that are not settled yet: cleanup, first, last.\n" in capsys.readouterr().out
    assert start_module._listed([str(number) for number in range(7)]) == "0, 1, 2, 3, 4 and 2 more"


def test_a_refused_submission_fails_the_start_job_and_is_an_alert(jobs: Jobs, batch: Batch, run: Run) -> None:
    """The alert queue has it, and the job leaves its report."""
    batch.answers = [("before", refused("ClientException", "batch:SubmitJob", 400))]
    assert start(jobs, run) == FAILED
    (message,) = jobs.sqs.receive_message(QueueUrl=jobs.sqs.get_queue_url(QueueName="alerts")["QueueUrl"])[
        "Messages"
    ]
    assert RunFailed.from_json(message["Body"]) == RunFailed(run=run.run_id, step="first")
    report = jobs.failure(run, "start")
    assert report["error"] == "NotStartedError"
    assert "found it FAILED at first" in report["message"]


def test_a_cancelled_run_is_not_started(jobs: Jobs, batch: Batch, run: Run) -> None:
    """What waits for the start job must not run, so it fails."""
    jobs.ledger.finish(run.run_id, RunState.CANCELLED, NOW)
    assert start(jobs, run) == SUPERSEDED
    assert [job["jobName"] for job in batch.jobs.values()] == ["start"]


def test_its_pace_is_that_of_the_advancer(monkeypatch: pytest.MonkeyPatch, batch: Batch) -> None:
    """Forty a second, below what AWS Batch takes of an account."""
    advancer = start_module._advancer(StartSettings.from_env())
    rate_limit: Any = advancer.rate_limit
    assert (advancer.is_start_job, rate_limit.per_second) == (True, 40)
