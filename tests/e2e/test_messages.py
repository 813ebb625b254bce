"""What arrives in the queues: twice, malformed, or all of it handled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.server.lock import holder
from sluice.run.state import RunState
from tests.e2e.application import Application, Upload, wait_for
from tests.e2e.conftest import WORDS

STAGES = ("trigger", "fan_out", "track", "alert")


def test_the_same_event_twice_is_one_run(app: Application) -> None:
    """An event that is delivered again changes nothing: the same run, the same jobs."""
    upload = app.put("word-count/told-again.txt", WORDS)
    run_id = app.ended(upload).run_id
    # The cleanup's own end is recorded after the run's.
    wait_for(lambda: (found := app.ledger.load(run_id)) and found.steps["cleanup"].done, "the cleanup's end")
    run = app.ledger.load(run_id)
    assert run is not None
    for _ in range(3):
        app.client("sqs").send_message(QueueUrl=app.queue("trigger"), MessageBody=_message_about(app, upload))
    wait_for(lambda: app.waiting(app.queue("trigger")) == 0, "an empty trigger queue")
    assert app.runs_of(upload) == [run.run_id]
    assert app.ledger.load(run.run_id) == run
    assert run.state is RunState.SUCCEEDED


# A message of the plan topic is refused without an alarm: every pipeline may publish there.
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "fan_out"])
def test_a_malformed_message_is_set_aside_with_an_alarm(app: Application, stage: str) -> None:
    """A message that nobody promised ends in the stage's dead-letter queue with its reason, and an alarm
    reports it.
    """
    sqs, dead_letters = app.client("sqs"), app.queue(stage, "DeadLetters")
    alarm = app.resource(
        "SluiceControl",
        f"{''.join(word.capitalize() for word in stage.split('_'))}Alarm",
        "AWS::CloudWatch::Alarm",
    )
    sqs.send_message(QueueUrl=app.queue(stage), MessageBody=f"not JSON, for {stage}")
    wait_for(lambda: _state(app, alarm) == "ALARM", f"the alarm of {stage}")
    received = sqs.receive_message(QueueUrl=dead_letters, MessageAttributeNames=["All"])["Messages"]
    assert [message["Body"] for message in received] == [f"not JSON, for {stage}"]
    assert "Expected JSON" in received[0]["MessageAttributes"]["reason"]["StringValue"]
    sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=received[0]["ReceiptHandle"])
    wait_for(lambda: _state(app, alarm) == "OK", f"the end of the alarm of {stage}")


def test_what_failed_in_an_outage_is_sent_again_by_a_sweep(app: Application) -> None:
    """From the queue of retries to the trigger's; here it is a message that can never be handled."""
    sqs, body = app.client("sqs"), "not JSON, and tried again"
    sqs.send_message(QueueUrl=app.queue("trigger", "Retries"), MessageBody=body)
    sqs.send_message(QueueUrl=app.queue("track"), MessageBody=json.dumps({"sweep": True, "version": 1}))
    dead = app.queue("trigger", "DeadLetters")
    [message] = wait_for(
        lambda: sqs.receive_message(QueueUrl=dead, VisibilityTimeout=30).get("Messages"), "the message"
    )
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    assert message["Body"] == body
    assert app.waiting(app.queue("trigger", "Retries")) == 0


def test_nothing_is_left_when_all_runs_have_ended(quiet: Application) -> None:
    """Every queue and dead-letter queue is empty, and no process of a job is there any more."""
    for stage in STAGES:
        queue, dead = quiet.queue(stage, "Queue"), quiet.queue(stage, "DeadLetters")
        wait_for(lambda queue=queue: quiet.waiting(queue) == 0, f"an empty {queue}")  # type: ignore[misc]
        left = quiet.client("sqs").receive_message(QueueUrl=dead, MaxNumberOfMessages=10)
        assert [one["Body"] for one in left.get("Messages", [])] == []
    wait_for(lambda: not _job_processes(quiet), "the end of every job's process")


def _message_about(app: Application, upload: Upload) -> str:
    """Return what the rule of word-count sends for an upload, made from the deployed rule itself."""
    detail = {
        "bucket": {"name": app.outputs["InboxBucket"]},
        "object": {"key": upload.key, "version-id": upload.version, "size": len(WORDS)},
    }
    return _template(app).replace("<detail>", json.dumps(detail))


def _template(app: Application) -> str:
    events = app.client("events")
    targets = [
        target
        for rule in events.list_rules()["Rules"]
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    ]
    templates = [
        target["InputTransformer"]["InputTemplate"] for target in targets if "InputTransformer" in target
    ]
    (found,) = [template for template in templates if '"pipeline":"word-count"' in template]
    return str(found)


def _state(app: Application, alarm: str) -> Any:
    return app.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"]


def _job_processes(app: Application) -> list[str]:
    """Return the command lines of the jobs that the cloud runs: processes in the folder of its images, but
    those that wait to be forked, which are children of the cloud itself.
    """
    cloud = holder(app.place.pid_file)
    assert cloud, "The cloud has ended."
    return [
        command
        for path in Path("/proc").glob("[0-9]*")
        if _works_in(path, app.place.images)
        and (command := _command(path))
        and not ("warm.parent" in command and _parent(path) == cloud)
    ]


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").resolve().is_relative_to(folder.resolve())
    except (FileNotFoundError, PermissionError):
        return False


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
