"""People and other automation are notified: of failures with all their facts, of late runs and blocked
queues, of every run's new state.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.cloud import Cloud
from cli.commands.cancel import REASON, cancel
from cli.main import parser
from local.server.process import control
from sluice.alerts.queue_messages import QueueBlocked
from sluice.ledger import records as ledger_items
from sluice.pipeline.compiling import START
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.job_names import run_id
from sluice.run.state import RunState
from tests.e2e.application import DEFINITIONS, Application, wait_for

PIPELINE = "hello-fan"


@pytest.fixture(scope="module")
def heard(app: Application) -> Iterator[str]:
    """A queue that a rule fills with what Sluice says on the default bus, as another program's would be."""
    events, sqs = app.client("events"), app.client("sqs")
    queue = sqs.create_queue(QueueName="hears-of-runs")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["sluice"], "detail-type": ["Run State Change", "Run Late"]})
    rule = events.put_rule(Name="hears-of-runs", EventPattern=pattern)["RuleArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    allow["Condition"] = {"ArnEquals": {"aws:SourceArn": rule}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events.put_targets(Rule="hears-of-runs", Targets=[{"Id": "queue", "Arn": arn}])
    yield queue
    events.remove_targets(Rule="hears-of-runs", Ids=["queue"])
    events.delete_rule(Name="hears-of-runs")
    sqs.delete_queue(QueueUrl=queue)


class Heard:
    """What was said of one run so far."""

    def __init__(self, app: Application, queue: str) -> None:
        self._app, self._queue = app, queue
        self._events: list[dict[str, Any]] = []

    def of(self, run: str) -> list[dict[str, Any]]:
        """Return the events of a run, without what came twice."""
        sqs = self._app.client("sqs")
        for message in sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            self._events.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        events = {event["detail"]["id"]: event for event in self._events if event["detail"]["run"] == run}
        return sorted(events.values(), key=lambda event: event["detail"]["at"])

    def kinds(self, run: str) -> list[tuple[str, str]]:
        """Return the kind and the state of each event of a run."""
        return [(event["detail-type"], event["detail"]["state"]) for event in self.of(run)]


@pytest.fixture(scope="module")
def hearing(app: Application, heard: str) -> Heard:
    """What other automation receives."""
    return Heard(app, heard)


def by_lambda(compiled: CompiledPipeline) -> CompiledPipeline:
    """Return the pipeline without its start job: that is itself a job that has started, and may submit
    deployed definitions only.
    """
    kept = (step for step in compiled.steps if step.kind is not Kind.START)
    return replace(
        compiled,
        steps=tuple(
            replace(step, after=tuple(name for name in step.after if name != START)) for step in kept
        ),
    )


def start(app: Application, change: Callable[[CompiledPipeline], CompiledPipeline]) -> str:
    """Start a run of the deployed hello-fan in another form, as its rule would, and return its id."""
    rules = app.client("events").list_rules()["Rules"]
    (rule,) = [
        rule["Name"] for rule in rules if f"a request starts {PIPELINE}" in rule.get("Description", "")
    ]
    (target,) = app.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    token, s3 = uuid.uuid4().hex, app.client("s3")
    message = json.loads(
        target["InputTransformer"]["InputTemplate"].replace("<detail>", json.dumps({"token": token}))
    )
    where = message["definition"]
    compiled = CompiledPipeline.from_json(
        s3.get_object(Bucket=where["bucket"], Key=where["key"])["Body"].read().decode()
    )
    where["key"] = f"{DEFINITIONS}/{token}.json"
    s3.put_object(
        Bucket=where["bucket"], Key=where["key"], Body=change(by_lambda(compiled)).to_json().encode()
    )
    app.client("sqs").send_message(QueueUrl=app.queue("trigger"), MessageBody=json.dumps(message))
    return run_id(PIPELINE, "manual", {"token": token})


def doing(
    app: Application, step: str, command: str, **needs: str
) -> Callable[[CompiledPipeline], CompiledPipeline]:
    """Return what makes a step of the pipeline run another command, on a machine with other needs."""

    def change(compiled: CompiledPipeline) -> CompiledPipeline:
        batch = app.client("batch")
        old = batch.describe_job_definitions(jobDefinitionName=compiled.step(step).job_definition)[
            "jobDefinitions"
        ][0]
        kept = ("image", "executionRoleArn", "jobRoleArn", "logConfiguration", "resourceRequirements")
        container = {
            name: old["containerProperties"][name] for name in kept if name in old["containerProperties"]
        }
        container["command"] = ["sh", "-c", command]
        if needs:
            container["resourceRequirements"] = [
                {"type": kind.upper(), "value": value} for kind, value in needs.items()
            ]
        name = f"sluice-test-{uuid.uuid4().hex}"
        batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=container)
        steps = tuple(
            replace(one, job_definition=name) if one.name == step else one for one in compiled.steps
        )
        return replace(compiled, steps=steps)

    return change


def mails(app: Application, run: str, subject: str) -> list[str]:
    """Return the e-mails about a run with these words in their subject."""
    run_ = app.ledger.load(run)
    assert run_ is not None
    return [message["text"] for message in app.messages(run_) if subject in message["subject"]]


def tickets_of(app: Application, run: str) -> list[dict[str, Any]]:
    """Return the OpsItems about a run."""
    items = app.client("ssm").describe_ops_items()["OpsItemSummaries"]
    return [item for item in items if item["OperationalData"]["run"]["Value"] == run]


def backdate(app: Application, run: str, minutes: int) -> None:
    """Let a run have begun earlier: who tests has no hours to wait."""
    began = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    app.client("dynamodb").update_item(
        TableName=app.outputs["LedgerTable"],
        Key=ledger_items.run_key(run),
        UpdateExpression="SET created_at = :began",
        ExpressionAttributeValues=ledger_items.values(began=began),
    )


def sweep(app: Application) -> None:
    """Ask for a sweep, and wait until it is over and what it told is reported."""
    app.client("sqs").send_message(QueueUrl=app.queue("track"), MessageBody='{"sweep": true, "version": 1}')
    for stage in ("track", "alert"):
        wait_for(lambda stage=stage: app.waiting(app.queue(stage)) == 0, f"an empty queue of {stage}")  # type: ignore[misc]


def job_of(app: Application, run: str, step: str) -> str:
    """Return the id of a step's job once it has one."""

    def look() -> str | None:
        found = app.ledger.load(run)
        return found.steps[step].job_id if found and step in found.steps else None

    return wait_for(look, f"the job of {step} of {run}")


def test_a_run_that_succeeds_is_heard_of_twice(app: Application, hearing: Heard) -> None:
    """RUNNING and SUCCEEDED, with what docs/events.md promises."""
    run = start(app, lambda compiled: compiled)
    wait_for(lambda: len(hearing.of(run)) == 2, f"two events of {run}")
    began, ended = hearing.of(run)
    assert hearing.kinds(run) == [("Run State Change", "RUNNING"), ("Run State Change", "SUCCEEDED")]
    assert (began["source"], began["detail"]["pipeline"], began["detail"]["seconds"]) == (
        "sluice",
        PIPELINE,
        0,
    )
    assert ended["detail"]["seconds"] > 0
    assert ended["detail"]["id"] == f"{run}/0/SUCCEEDED"


def test_a_failed_array_is_one_mail_with_all_its_facts_one_ticket_and_one_event(
    app: Application, hearing: Heard
) -> None:
    """How many of how many children, the exit code in plain words, the child's last lines, both ways to go
    on; and an OpsItem.
    """
    fails = doing(
        app,
        "many",
        "echo child $AWS_BATCH_JOB_ARRAY_INDEX gives up; test $AWS_BATCH_JOB_ARRAY_INDEX -lt 8 || exit 127",
    )
    run = start(app, lambda compiled: replace(fails(compiled), ticket=True))
    [mail] = wait_for(
        lambda: app.ledger.load(run) is not None and mails(app, run, "failed at many"),
        f"an e-mail about {run}",
    )
    assert "2 of 10 children failed" in mail
    assert "the program ended with exit code 127: its command was not found" in mail
    assert "| child 8 gives up" in mail
    assert f"sluice retry {run}" in mail
    assert "sluice rerun " in mail
    tickets = wait_for(lambda: tickets_of(app, run), f"an OpsItem for {run}")
    assert [(item["Title"], item["Source"]) for item in tickets] == [
        (f"Sluice: {PIPELINE} failed at many", "Sluice")
    ]
    wait_for(lambda: len(hearing.of(run)) == 2, f"two events of {run}")
    detail = hearing.of(run)[1]["detail"]
    assert (detail["state"], detail["failed_step"], detail["reason"]) == (
        "FAILED",
        "many",
        "2 of 10 children failed",
    )


def test_a_run_that_is_late_is_told_of_once_and_goes_on(app: Application, hearing: Heard) -> None:
    """However often the sweep looks; the run is not ended."""
    run = start(
        app, lambda compiled: replace(doing(app, "first", "sleep 300")(compiled), expected_within=3600)
    )
    job = job_of(app, run, "first")
    wait_for(lambda: _status(app, job) == "RUNNING", "the job to run")
    backdate(app, run, 90)
    sweep(app)
    [mail] = wait_for(lambda: mails(app, run, "is late"), f"an e-mail about {run}")
    assert "expected within 1h, under way for 1h30m; first is RUNNING" in mail
    sweep(app)
    assert len(mails(app, run, "is late")) == 1
    wait_for(lambda: ("Run Late", "RUNNING") in hearing.kinds(run), f"the event that {run} is late")
    found = app.ledger.load(run)
    assert found is not None
    assert found.state is RunState.RUNNING
    app.client("batch").terminate_job(jobId=job, reason="enough of it")
    app.wait_until_ended(run)


def test_a_blocked_queue_is_told_of_with_the_run_that_blocks_it(app: Application) -> None:
    """The job asks for more than any machine has, still when it is looked at again; after half an hour the
    run is reported as not started, too.
    """
    run = start(app, doing(app, "first", "true", vcpu="192", memory="3000000"))
    job = job_of(app, run, "first")
    described = wait_for(lambda: _blocked_job(app, job), f"the job {job} to block its queue")
    # The message that the Lambda delays by ten minutes, at once.
    again = QueueBlocked(
        queue=described["jobQueue"],
        job_id=job,
        job_name=described["jobName"],
        reason=described["statusReason"],
        looked=1,
    )
    app.client("sqs").send_message(QueueUrl=app.queue("alert"), MessageBody=again.to_json())
    [mail] = wait_for(lambda: mails(app, run, "is blocked"), f"an e-mail about the queue that {run} blocks")
    assert "the job asks for more" in mail
    assert "MISCONFIGURATION:" in mail
    assert f"sluice cancel {run}" in mail
    backdate(app, run, 45)
    sweep(app)
    [mail] = wait_for(lambda: mails(app, run, "has not started"), f"an e-mail that {run} has not started")
    assert "no job has started for 45m; first is RUNNABLE (the job asks for more" in mail
    app.client("batch").terminate_job(jobId=job, reason="enough of it")
    app.wait_until_ended(run)


def _blocked_job(app: Application, job: str) -> dict[str, Any] | None:
    """Return a job once Batch says why it waits."""
    (found,) = app.client("batch").describe_jobs(jobs=[job])["jobs"]
    return dict(found) if found.get("statusReason") else None


def test_a_run_that_a_person_cancels_is_heard_of_and_leaves_nothing(app: Application, hearing: Heard) -> None:
    """Its jobs are terminated, nothing more of it is submitted, no alert is sent, and other automation is
    notified CANCELLED.
    """
    run = start(app, doing(app, "first", "sleep 300"))
    job = job_of(app, run, "first")
    wait_for(lambda: _status(app, job) == "RUNNING", "the job to run")
    assert cancel(parser().parse_args(["cancel", run]), Cloud(app.client, "the test")) == 0
    wait_for(
        lambda: ("Run State Change", "CANCELLED") in hearing.kinds(run), f"the event that {run} is cancelled"
    )
    found = app.ledger.load(run)
    assert found is not None
    assert found.state is RunState.CANCELLED
    jobs = app.client("batch").describe_jobs(
        jobs=[record.job_id for record in found.steps.values() if record.job_id]
    )["jobs"]
    assert {one["status"] for one in jobs} == {"FAILED"}
    assert [one["statusReason"] for one in jobs if one["jobId"] == job] == [REASON.format(run)]
    sweep(app)
    assert app.messages(found) == []
    assert hearing.kinds(run) == [("Run State Change", "RUNNING"), ("Run State Change", "CANCELLED")]


def test_an_invalid_environment_is_told_of_with_its_reason(app: Application) -> None:
    """While a run waits for its machines; once they are valid again the run goes on to its end."""
    environments = [
        app.resource("SluiceCompute", name, "AWS::Batch::ComputeEnvironment")
        for name in ("MachinesSpot", "MachinesOnDemand")
    ]
    names = [environment.rpartition("/")[2] for environment in environments]
    control(
        app.place,
        "PUT",
        "faults",
        {"invalid": dict.fromkeys(names, "CLIENT_ERROR - The launch template is gone")},
    )
    try:
        run = start(app, lambda compiled: compiled)
        job = job_of(app, run, "first")
        wait_for(lambda: _status(app, job) == "RUNNABLE", "the job to wait")
        backdate(app, run, 10)
        sweep(app)
        messages = control(app.place, "GET", "messages")
        told = [message["text"] for message in messages if "is invalid" in (message["subject"] or "")]
        assert [any(name in text for text in told) for name in names] == [True, True]
        assert all("The launch template is gone" in text for text in told)
        assert _status(app, job) == "RUNNABLE"
    finally:
        control(app.place, "PUT", "faults", {})
    app.wait_until_ended(run)
    found = app.ledger.load(run)
    assert found is not None
    assert found.state is RunState.SUCCEEDED


def _status(app: Application, job: str) -> str:
    return str(app.client("batch").describe_jobs(jobs=[job])["jobs"][0]["status"])
