"""Jobs of a run, one after another in this process, over moto's S3, DynamoDB and SNS: the real entry point,
ledger and pipelines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto import mock_aws

from sluice import keys
from sluice.aws import clients
from sluice.ledger.ledger import Ledger
from sluice.messages import Planned
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Pipeline
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.decision import decide
from sluice.run.failures.words import newest_words
from sluice.run.state import Run, StepState
from sluice.run.submission import Submission
from sluice.run.uploads import plans
from sluice.runtime.__main__ import main
from sluice.runtime.worker.in_process import InProcessWorker
from sluice.settings import JobSettings, SubmissionSettings
from sluice.triggers.trigger_event import S3Object, TriggerEvent
from tests.sluice.clouds import TABLE, make_table

INBOX, WORK, RESULTS = "inbox", "work", "results"
NOW = "2026-01-01T00:00:00.000+00:00"


@dataclass(slots=True)
class Jobs:
    """A run's cloud. ``codes`` are the exit codes of each step's children in the order in which they ran."""

    s3: Any
    ledger: Ledger
    settings: JobSettings
    queue: str
    sqs: Any
    module: str = ""
    mark: str = "a" * 20
    """The end of the id of the next run."""
    codes: dict[str, list[int]] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    """Further variables of each job."""

    def upload(self, pipeline: Pipeline, key: str, content: bytes) -> Run:
        """Store an input and begin its run; no job is submitted yet."""
        version = self.s3.put_object(Bucket=INBOX, Key=key, Body=content)["VersionId"]
        return self.begin(
            pipeline, S3Object(bucket=INBOX, key=key, version_id=version, etag="", size=len(content))
        )

    def begin(self, pipeline: Pipeline, trigger: TriggerEvent) -> Run:
        """Begin a run that something else started; no job is submitted yet."""
        self.module = f"containers.{str(pipeline.name).replace('-', '_')}.steps"
        run_id, compiled = f"{pipeline.name}-{self.mark}", _compiled(pipeline)
        done = plans(compiled, trigger, NOW)
        run = Run(run_id=run_id, pipeline=compiled, trigger=trigger.to_dict(), created_at=NOW, steps=done)
        assert self.ledger.start(run, [])
        return run

    def drive(self, run: Run, functions: Mapping[str, str]) -> str:
        """Run everything of a run, and return what the ledger then makes of it."""
        while True:
            stored = self.ledger.load(run.run_id)
            assert stored is not None
            decision = decide(stored.pipeline, stored.steps)
            if not decision.submissions:
                return str(decision.outcome)
            for submission in decision.submissions:
                self.submit(run, submission)
                self.codes[submission.step.name] = [
                    self.start(run, submission, child, functions) for child in range(submission.children)
                ]
                self.settle(run, submission)
                if any(self.codes[submission.step.name]):
                    return "FAILED"  # Batch starts nothing downstream of a job that failed.

    def submit(self, run: Run, submission: Submission) -> None:
        """Claim a step and register its job."""
        assert self.ledger.claim(run.run_id, [submission], NOW)
        if submission.children:
            self.ledger.record_submitted(run.run_id, {submission.step.name: job_id(submission.step.name)})

    def start(
        self, run: Run, submission: Submission, child: int, functions: Mapping[str, str], **more: str
    ) -> int:
        """Run one attempt of one child as Batch would, and return its exit code."""
        name = submission.step.name
        variables = SubmissionSettings(run=run.run_id, step=name, generation="0").to_env()
        batch = {"AWS_BATCH_JOB_ID": job_id(name), "AWS_BATCH_JOB_ATTEMPT": "1"}
        if submission.children > 1:
            batch |= {"AWS_BATCH_JOB_ID": f"{job_id(name)}:{child}", "AWS_BATCH_JOB_ARRAY_INDEX": str(child)}
        own = submission.step.kind in (Kind.CLEANUP, Kind.GATE)
        word = str(submission.step.kind) if own else f"{self.module}:{functions[name]}"
        variables |= batch | self.more | more
        return main([word], self.settings.to_env() | variables, InProcessWorker())

    def settle(self, run: Run, submission: Submission) -> None:
        """Record how a step ended, and what a plan published."""
        name = submission.step.name
        for message in self.published():
            self.ledger.record_plan(message)
        if submission.children:
            state = StepState.FAILED if any(self.codes[name]) else StepState.SUCCEEDED
            self.ledger.record_end(
                run.run_id, name, state, job_id=job_id(name), failed_items=self._failed_items(run, submission)
            )

    def _failed_items(self, run: Run, submission: Submission) -> int | None:
        """Return how many items the words of a step's children count as failed, as track does."""
        if not submission.step.continues:
            return None
        words = newest_words(self.keys(WORK, keys.all_words_prefix(run.run_id, submission.step.name)))
        return sum(word.failed for word in words.values())

    def published(self) -> list[Planned]:
        """Return what plans published since the last call."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [Planned.from_json(json.loads(message["Body"])["Message"]) for message in found]

    def results(self, run: Run) -> dict[str, str]:
        """Return the files that the run published, by name, without what Sluice adds."""
        prefix = keys.result(run.pipeline.name, run.run_id, "")
        names = [key.removeprefix(prefix) for key in self.keys(RESULTS, prefix)]
        return {
            name: self.read(RESULTS, prefix + name).decode() for name in names if name not in keys.OWN_RESULTS
        }

    def failure(self, run: Run, step: str, child: int = 0, generation: int = 0) -> dict[str, Any]:
        """Return the failure report of a job."""
        report: dict[str, Any] = json.loads(
            self.read(WORK, keys.failure(run.run_id, step, child, generation))
        )
        return report

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys below a prefix."""
        return [
            stored["Key"]
            for stored in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        ]

    def read(self, bucket: str, key: str) -> bytes:
        """Return an object."""
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def job_id(step: str) -> str:
    """Return the id of the one job of a step."""
    return f"job-{step}"


def functions_of(pipeline: Pipeline) -> dict[str, str]:
    """Return the name of each step's function."""
    return {str(step.name): str(step.run) for step in pipeline.steps}


def _compiled(pipeline: Pipeline) -> CompiledPipeline:
    definitions = {str(step.name): f"sluice-{step.name}" for step in pipeline.steps}
    return compile_pipeline(pipeline, JobDefinitions(steps=definitions, cleanup="cleanup", gate="gate"))


@contextmanager
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """Yield an empty cloud in this process (moto's), with all that jobs need."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    sign_in(monkeypatch)
    with mock_aws():
        _forget_clients()
        yield jobs_at(None)
    _forget_clients()


def jobs_at(endpoint: str | None, key: tuple[str, str] | None = None) -> Jobs:
    """Return a cloud that has the buckets, the table, the topic and a queue that subscribes to it; ``key`` is
    the access key's id and its secret, where they are not those of the environment.
    """
    key_id, secret = key or (None, None)
    session = clients._session()  # Every test's, with what it parsed of the services' models.
    names = ("s3", "sns", "sqs", "dynamodb")
    made: list[Any] = [
        session.create_client(
            name,
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
        )
        for name in names
    ]
    s3, sns, sqs, table = made
    for bucket in (INBOX, WORK, RESULTS):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=INBOX, VersioningConfiguration={"Status": "Enabled"})
    make_table(table)
    topic = sns.create_topic(Name="plans")["TopicArn"]
    queue = sqs.create_queue(QueueName="plans")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=topic.replace(":sns:", ":sqs:"))
    job = JobSettings(ledger_table=TABLE, work_bucket=WORK, results_bucket=RESULTS, plan_topic=topic)
    return Jobs(s3=s3, ledger=Ledger(table, TABLE), settings=job, queue=queue, sqs=sqs)


def sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the credentials and the Region of this machine's clouds."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "000000000000")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def _forget_clients() -> None:
    """Clients of another test's cloud, or of no cloud, must not be met here."""
    for cached in (clients.client, clients.full_client):
        cached.cache_clear()


ENVIRONMENT = {
    **JobSettings(
        ledger_table="ledger", work_bucket="work", results_bucket="results", plan_topic="topic"
    ).to_env(),
    **SubmissionSettings(run="p-1", step="work", generation="0").to_env(),
    "AWS_BATCH_JOB_ID": "j",
}
