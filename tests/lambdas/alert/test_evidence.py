"""What an alert shows of a failed job: the failed children, and the log of the first one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.alert.evidence import Evidence, gather
from lambdas.alert.failure import failure
from sluice import keys
from sluice.messages import RunFailed
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import RUN, alert_messages, begin, begun, describe_all_as, failed, mails, run_of
from tests.sluice.clouds import refused


def fail_second_child(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second child of the array have failed with a log."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/sluice/words")
    logs.create_log_stream(logGroupName="/sluice/words", logStreamName="count/2")
    now = int(datetime.now(UTC).timestamp() * 1000)
    lines = [{"timestamp": now, "message": "Traceback"}, {"timestamp": now, "message": "ValueError: seven"}]
    logs.put_log_events(logGroupName="/sluice/words", logStreamName="count/2", logEvents=lines)
    container = {
        "logStreamName": "count/2",
        "logConfiguration": {"options": {"awslogs-group": "/sluice/words"}},
    }

    def describe_jobs(jobs: list[str]) -> dict[str, Any]:
        array = {"size": 3, "statusSummary": {"FAILED": 1, "SUCCEEDED": 2}}
        both = {job: {"jobId": job, "arrayProperties": {"index": 2} if ":" in job else array} for job in jobs}
        return {"jobs": [one | ({"container": container} if ":" in job else {}) for job, one in both.items()]}

    def list_jobs(**request: Any) -> dict[str, Any]:
        assert request["jobStatus"] == "FAILED"
        return {"jobSummaryList": [{"jobId": f"{request['arrayJobId']}:2"}]}

    monkeypatch.setattr(aws.batch, "describe_jobs", describe_jobs, raising=False)
    monkeypatch.setattr(aws.batch, "list_jobs", list_jobs)


def test_an_empty_first_page_hides_no_failed_child(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a filtered listing can be empty and not the last one."""
    fail_second_child(aws, monkeypatch)
    listed = aws.batch.list_jobs

    def list_jobs(**request: Any) -> Any:
        return listed(**request) if "nextToken" in request else {"jobSummaryList": [], "nextToken": "more"}

    monkeypatch.setattr(aws.batch, "list_jobs", list_jobs)
    aws.handler("alert")
    found = gather("job", 3)
    assert (found.failed, found.child, found.log_lines) == (1, 2, ("Traceback", "ValueError: seven"))


def test_one_alert_is_sent_with_the_log_of_the_failed_child(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the message of the failure comes twice, and again later."""
    run_id = begun(aws)
    failed(aws, run_id)
    fail_second_child(aws, monkeypatch)
    assert alert_messages(aws) == [{"version": 1, "run": run_id, "step": "count", "generation": 0}]
    message = json.dumps(alert_messages(aws)[0])
    assert aws.call("alert", message, message) == []
    assert aws.call("alert", message) == []
    [mail] = mails(aws)
    assert mail["Subject"] == "Sluice: words failed at count"
    assert "ValueError: seven" in mail["Message"]
    assert "(1 of 3 children failed)" in mail["Message"]
    assert "The last lines of the log of child 2:" in mail["Message"]


def test_an_alert_goes_out_without_a_log_that_cannot_be_read(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than not at all."""
    run_id = begun(aws)
    failed(aws, run_id)

    def no(**_: Any) -> None:
        raise refused("AccessDeniedException", status=403)

    monkeypatch.setattr(aws.batch, "list_jobs", no)
    assert aws.call("alert", RunFailed(run=run_id, step="count").to_json()) == []
    assert "last lines" not in mails(aws)[0]["Message"]


def test_the_log_of_the_node_that_failed_first_is_shown(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The main node fails because of it, and the others are stopped."""
    ring = CompiledPipeline("words", (CompiledStep("ring", Kind.MULTI_NODE, "d", "steady", groups=(4,)),))
    assert aws.call("trigger", aws.upload(ring)) == []
    run_id = str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0]
    failed_nodes = [
        {"jobId": "j#0", "stoppedAt": 30},
        {"jobId": "j#2", "stoppedAt": 20},
        {"jobId": "j#1", "stoppedAt": 31},
        {"jobId": "j#3"},
    ]
    asked: list[str] = []

    def list_jobs(**request: Any) -> dict[str, Any]:
        assert (request["multiNodeJobId"], request["jobStatus"]) == (
            run_of(aws, run_id).steps["ring"].job_id,
            "FAILED",
        )
        return {"jobSummaryList": failed_nodes}

    def describe_jobs(jobs: list[str]) -> dict[str, Any]:
        asked.extend(jobs)
        return {"jobs": []}

    monkeypatch.setattr(aws.batch, "list_jobs", list_jobs)
    monkeypatch.setattr(aws.batch, "describe_jobs", describe_jobs, raising=False)
    assert aws.call("alert", RunFailed(run=run_id, step="ring").to_json()) == []
    assert asked == ["j#2"]
    failed_nodes.clear()
    assert gather(str(run_of(aws, run_id).steps["ring"].job_id), 1, 4) == Evidence()
    assert asked[1:] == [f"{run_of(aws, run_id).steps['ring'].job_id}#0"]


def test_a_log_that_is_not_there_yet_leaves_the_rest_of_the_alert(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream has a name before it exists: the link is given, the lines are not."""
    begin(aws, 0)
    options = {"logConfiguration": {"options": {"awslogs-group": "/none"}}}
    describe_all_as(aws, monkeypatch, status="FAILED", container={"logStreamName": "a/1", **options})
    assert aws.call("alert", RunFailed(run=RUN, step="a").to_json()) == []
    [mail] = aws.received("inbox")
    text = json.loads(mail["Body"])["Message"]
    assert "log-events/a$252F1" in text
    assert "last lines" not in text


def test_without_a_log_stream_the_alert_has_the_lines_of_the_failure_report(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a storm of starts a container may get no stream; a report that is none leaves the rest."""
    run_id = begun(aws)
    failed(aws, run_id)

    def no(**_: Any) -> None:
        raise refused("ResourceNotFoundException", status=400)

    monkeypatch.setattr(aws.batch, "list_jobs", no)
    key = keys.failure(run_id, "count", 2, 0)
    report = {
        "error": "ValueError",
        "message": "seven",
        "item": 7,
        "stderr": ["Traceback", "ValueError: seven"],
    }
    aws.client("s3").put_object(Bucket="work", Key=key, Body=json.dumps(report).encode())
    assert aws.call("alert", RunFailed(run=run_id, step="count").to_json()) == []
    assert "Traceback" in mails(aws)[0]["Message"]
    aws.client("s3").put_object(Bucket="work", Key=key, Body=b"[no report")
    assert last_lines(aws, run_id) == ()


def last_lines(aws: Aws, run_id: str) -> tuple[str, ...]:
    """Return the lines of the alert of a run's failed step."""
    found = failure(
        run_of(aws, run_id),
        "count",
        results_bucket="results",
        work_bucket="work",
    )
    return found.log_lines
