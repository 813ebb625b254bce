"""The four Lambdas, handed messages as SQS hands them over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice import keys
from sluice.compute import Compute
from sluice.items.manifest import write_manifest
from sluice.ledger.ledger import Ledger
from sluice.messages import Planned, RunFailed
from sluice.run.compiled import CompiledMachine, CompiledPipeline, CompiledStep, Kind
from sluice.run.state import Run, RunState, StepState
from tests.lambdas.conftest import Aws
from tests.sluice.clouds import TABLE, refused
from tests.sluice.graphs import QUEUES, pipeline, step, word_count

ALL = ["trigger", "fan_out", "track", "alert"]


def ledger(aws: Aws) -> Ledger:
    """Return the ledger that the handlers write."""
    return Ledger(aws.client("dynamodb"), TABLE)


def begun(aws: Aws) -> str:
    """Begin a run by an upload, and return its id."""
    assert aws.call("trigger", aws.upload(word_count())) == []
    return str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0]


def run_of(aws: Aws, run_id: str) -> Run:
    """Return the run as the ledger has it."""
    run = ledger(aws).load(run_id)
    assert run is not None
    return run


def planned(aws: Aws, run_id: str, items: int = 3) -> str:
    """Return the message of the plan's job."""
    job_id = str(run_of(aws, run_id).steps["split"].job_id)
    return Planned(run=run_id, step="split", generation=0, job_id=job_id, items=items, manifest="m").to_json()


def ended(aws: Aws, run_id: str, name: str, status: str, **more: Any) -> str:
    """Return Batch's event of the end of a step's job."""
    detail = {
        "jobName": f"{run_id}_{name}_0",
        "jobId": run_of(aws, run_id).steps[name].job_id,
        "status": status,
        **more,
    }
    return json.dumps({"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": detail})


def failed(aws: Aws, run_id: str) -> None:
    """Let the array fail and be tracked."""
    assert aws.call("fan_out", planned(aws, run_id)) == []
    assert aws.call("track", ended(aws, run_id, "split", "SUCCEEDED")) == []
    array = {"size": 3, "statusSummary": {"FAILED": 1}}
    assert aws.call("track", ended(aws, run_id, "count", "FAILED", arrayProperties=array)) == []


def test_a_run_goes_through_all_handlers_to_its_end(aws: Aws) -> None:
    """Trigger, fan_out, track."""
    run_id = begun(aws)
    assert aws.call("fan_out", planned(aws, run_id)) == []
    for name in ("split", "count", "rank", "merge"):
        assert aws.call("track", ended(aws, run_id, name, "SUCCEEDED")) == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED
    assert aws.batch.names() == ["cleanup", "count", "merge", "rank", "split"]
    assert aws.received("dead") == []


def test_a_request_with_overrides_submits_its_steps_as_it_asks(aws: Aws) -> None:
    """They are stored with the run; what is wrong with them begins no run and is set aside with the
    reason.
    """
    split = replace(word_count().step("split"), machine=CompiledMachine(Compute.SPOT, 1, 2048))
    steps = tuple(split if one.name == "split" else one for one in word_count().steps)
    upload = json.loads(aws.upload(replace(word_count(), steps=steps, overridable=("memory", "queue"))))

    def asked(token: str, overrides: object) -> str:
        return json.dumps(upload | {"trigger": "manual", "detail": {"token": token, "overrides": overrides}})

    wrong = [asked("u", {"split": {"memory": 1}}), asked("v", {"split": {"queue": "fast"}}), asked("w", [1])]
    assert aws.call("trigger", asked("t", {"split": {"memory": 4096, "queue": "urgent"}}), *wrong) == []
    (job,) = aws.batch.jobs.values()
    assert job["jobQueue"] == QUEUES["urgent"]
    assert job["containerOverrides"]["resourceRequirements"] == [{"type": "MEMORY", "value": "4096"}]
    run = run_of(aws, str(job["jobName"]).split("_")[0])
    assert run.trigger["overrides"] == {"split": {"memory": 4096, "queue": "urgent"}}
    assert run.pipeline.step("split").queue == "urgent"
    reasons = [message["MessageAttributes"]["reason"]["StringValue"] for message in aws.received("dead")]
    assert sorted(
        word for reason in reasons for word in ("].memory", "].queue", "such as") if word in reason
    ) == [
        "].memory",
        "].queue",
        "such as",
    ]


def test_the_same_request_twice_is_one_run_with_its_input(aws: Aws) -> None:
    """The token says which request it is; another token is another run."""
    upload = json.loads(aws.upload(word_count()))
    asked = [
        json.dumps(upload | {"trigger": "manual", "detail": {"token": token, "input": [1]}})
        for token in ("t", "t", "u")
    ]
    assert aws.call("trigger", *asked) == []
    runs = [run_of(aws, str(job["jobName"]).split("_")[0]) for job in aws.batch.jobs.values()]
    assert [run.trigger for run in runs] == [
        {"kind": "manual", "token": token, "input": [1]} for token in ("t", "u")
    ]


def test_a_failed_run_that_was_asked_for_is_told_with_how_to_ask_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert needs no upload."""
    monkeypatch.setattr(aws.batch, "describe_jobs", lambda jobs: {"jobs": []}, raising=False)
    upload = json.loads(aws.upload(word_count()))
    assert (
        aws.call(
            "trigger", json.dumps(upload | {"trigger": "manual", "detail": {"token": "t", "input": None}})
        )
        == []
    )
    run_id = str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0]
    assert aws.call("track", ended(aws, run_id, "split", "FAILED")) == []
    assert aws.call("alert", *(message["Body"] for message in aws.received("alerts"))) == []
    [mail] = aws.received("inbox")
    assert "aws events put-events" in mail["Body"]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("body", ["{", "[]", '{"version": 2}'])
def test_a_malformed_message_is_set_aside_with_its_reason_and_consumed(
    aws: Aws, name: str, body: str
) -> None:
    """Reading it again cannot help; the dead-letter queue has an alarm."""
    assert aws.call(name, body) == []
    [message] = aws.received("dead")
    assert message["Body"] == body
    assert message["MessageAttributes"]["reason"]["StringValue"].startswith("Expected ")


@pytest.mark.parametrize("name", ["fan_out", "alert"])
def test_a_message_of_a_run_that_nobody_knows_is_set_aside(aws: Aws, name: str) -> None:
    """Nothing is swallowed."""
    run = "words-" + "z" * 20
    plan = Planned(run=run, step="a", generation=0, job_id="j", items=1, manifest="m")
    assert aws.call(name, (plan if name == "fan_out" else RunFailed(run=run, step="a")).to_json()) == []
    assert run in aws.received("dead")[0]["MessageAttributes"]["reason"]["StringValue"]


def test_failures_are_reported_by_their_id_and_the_others_are_handled(aws: Aws) -> None:
    """One message whose definition is not there does not hold up the rest."""
    lost = json.loads(aws.upload(word_count(), key="words/b.txt")) | {
        "definition": {"bucket": "assets", "key": "gone.json"}
    }
    assert aws.call("trigger", aws.upload(word_count()), json.dumps(lost), "{") == ["1"]
    assert aws.batch.names() == ["split"]
    assert len(aws.received("dead")) == 1


def test_the_same_upload_twice_is_one_run(aws: Aws) -> None:
    """S3's events come at least once."""
    message = aws.upload(word_count())
    assert aws.call("trigger", message, message) == []
    assert aws.call("trigger", message) == []
    assert aws.batch.names() == ["split"]


def test_the_same_items_announced_twice_are_fanned_out_once(aws: Aws) -> None:
    """SNS and SQS deliver at least once."""
    message = planned(aws, begun(aws))
    assert aws.call("fan_out", message, message) == []
    assert aws.batch.names() == ["cleanup", "count", "merge", "rank", "split"]


def test_the_placeholder_of_a_folder_starts_no_run(aws: Aws) -> None:
    """Nor is it a fault."""
    assert aws.call("trigger", aws.upload(word_count(), key="words/", size=0)) == []
    assert (aws.batch.names(), aws.received("dead")) == ([], [])


def test_a_refusal_by_iam_is_recorded_and_told(aws: Aws) -> None:
    """The message is consumed; the run has failed with the permission's name."""
    aws.batch.answers = [
        ("before", refused("AccessDeniedException", "not authorized to perform: batch:SubmitJob", 403))
    ]
    assert aws.call("trigger", aws.upload(word_count())) == []
    [told] = failures_told(aws)
    run = run_of(aws, told["run"])
    assert (run.state, told["step"]) == (RunState.FAILED, "split")
    assert "batch:SubmitJob" in str(run.steps["split"].reason)


def test_an_unknown_outcome_lets_the_message_come_again(aws: Aws) -> None:
    """It is neither a failure nor a success yet."""
    aws.batch.answers = [("after", refused("InternalError", status=500))]
    assert aws.call("trigger", aws.upload(word_count())) == ["0"]


def test_the_report_of_a_failing_child_joins_the_reason(aws: Aws) -> None:
    """The first child's own words, and its item."""
    run_id = begun(aws)
    report = {"error": "ValueError", "message": "not a number", "item": {"start": 7}}
    aws.client("s3").put_object(
        Bucket="work", Key=keys.failure(run_id, "count", 2, 0), Body=json.dumps(report).encode()
    )
    failed(aws, run_id)
    assert (
        run_of(aws, run_id).steps["count"].reason
        == "1 of 3 children failed: ValueError: not a number (item {'start': 7})"
    )


@pytest.mark.parametrize("report", [b"{", b"[]", b'{"error": "E"}', b"5"])
def test_a_report_that_cannot_be_read_leaves_the_failure_recorded(aws: Aws, report: bytes) -> None:
    """Only its own words are missing."""
    run_id = begun(aws)
    aws.client("s3").put_object(Bucket="work", Key=keys.failure(run_id, "count", 0, 0), Body=report)
    failed(aws, run_id)
    assert run_of(aws, run_id).steps["count"].reason == "1 of 3 children failed"
    assert run_of(aws, run_id).state is RunState.FAILED


def test_an_event_of_a_job_that_the_ledger_does_not_name_changes_nothing(aws: Aws) -> None:
    """A second submission of an unknown outcome, or somebody's own job of that name."""
    run_id = begun(aws)
    event = json.loads(ended(aws, run_id, "split", "FAILED"))
    event["detail"]["jobId"] = "another"
    assert aws.call("track", json.dumps(event)) == []
    assert run_of(aws, run_id).steps["split"].state is StepState.SUBMITTED


def unnamed(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, whenever: Callable[[str], None]
) -> tuple[str, list[float]]:
    """Let a job end whose Lambda died before it could name it; return its run and how long track paused, with
    what happens in each.
    """
    aws.batch.answers = [("after", refused("InternalError", status=500))]
    assert aws.call("trigger", aws.upload(word_count())) == ["0"]
    [job] = aws.batch.jobs.values()
    run_id, job_id, pauses = str(job["jobName"]).split("_")[0], str(job["jobId"]), list[float]()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        whenever(job_id)

    monkeypatch.setattr(time, "sleep", sleep)
    detail = {"jobName": job["jobName"], "jobId": job_id, "status": "FAILED", "container": {"exitCode": 75}}
    event = {"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": detail}
    assert aws.call("track", json.dumps(event)) == []
    return run_id, pauses


def test_a_job_that_failed_before_it_was_named_is_not_its_steps_failure(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Lambda died before it could name it: the job gave up waiting, and its claim is settled by a look-up
    of its name.
    """
    run_id, pauses = unnamed(aws, monkeypatch, lambda _: None)
    run = run_of(aws, run_id)
    assert (run.state, run.steps["split"].state, run.steps["split"].job_id) == (
        RunState.RUNNING,
        StepState.CLAIMED,
        None,
    )
    assert 2 < sum(pauses) < 5


def test_a_job_that_failed_while_it_was_being_named_fails_its_step_at_once(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine could not start it, and said so before the Lambda that submitted it had written its
    name.
    """

    def name(job_id: str) -> None:
        run_id = str(aws.batch.jobs[job_id]["jobName"]).split("_")[0]
        ledger(aws).record_submitted(run_id, {"split": job_id})

    run_id, pauses = unnamed(aws, monkeypatch, name)
    assert len(pauses) == 1
    assert (run_of(aws, run_id).state, run_of(aws, run_id).steps["split"].state) == (
        RunState.FAILED,
        StepState.FAILED,
    )


@pytest.mark.parametrize("items", [0, 3])
def test_the_sweep_finds_the_items_of_a_plan_whose_message_was_lost(
    items: int, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in its manifest; a manifest that was not completed is none."""
    graph = pipeline(step("split", Kind.PLAN), step("count", Kind.ARRAY, items_of="split"))
    run_id = old_run(aws, "a", graph=graph)
    job_id = str(run_of(aws, run_id).steps["split"].job_id)
    s3, whole = aws.client("s3"), keys.manifest(run_id, "split", f"{job_id}-2")
    s3.put_object(
        Bucket="work", Key=keys.manifest_index(keys.manifest(run_id, "split", f"{job_id}-1")), Body=bytes(8)
    )
    describe(aws, monkeypatch)
    assert aws.call("track", '{"sweep": true}') == []
    assert not run_of(aws, run_id).steps["split"].planned
    write_manifest(s3, "work", whole, [{"n": number} for number in range(items)])
    assert aws.call("track", '{"sweep": true}') == []
    record = run_of(aws, run_id).steps["split"]
    assert (record.items, record.manifest) == (items, whole)
    assert run_of(aws, run_id).steps["count"].children == items


def old_run(aws: Aws, letter: str, minutes: int = 10, graph: CompiledPipeline | None = None) -> str:
    """Return the id of a run of one job that began some minutes ago."""
    created = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    run = Run(
        run_id="words-" + letter * 20, pipeline=graph or pipeline(step("a")), trigger={}, created_at=created
    )
    aws.handler("track").advancer.start(run)
    return run.run_id


def describe(aws: Aws, monkeypatch: pytest.MonkeyPatch, broken: str = "") -> None:
    """Let every job of Batch have succeeded; asking for the broken one fails."""

    def describe_jobs(jobs: list[str]) -> dict[str, Any]:
        if broken and any(aws.batch.jobs[job]["jobName"].startswith(broken) for job in jobs):
            raise refused("ServerException", status=500)
        return {"jobs": [aws.batch.jobs[job] | {"status": "SUCCEEDED"} for job in jobs]}

    monkeypatch.setattr(aws.batch, "describe_jobs", describe_jobs, raising=False)


def test_the_sweep_finds_an_end_whose_event_was_lost(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks Batch, and the run ends."""
    run_id, young = old_run(aws, "a"), old_run(aws, "b", minutes=0)
    describe(aws, monkeypatch)
    assert aws.call("track", '{"sweep": true}') == []
    assert run_of(aws, run_id).state is RunState.SUCCEEDED
    assert run_of(aws, young).state is RunState.RUNNING


def test_a_sweep_of_many_runs_is_spread_over_messages(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """One Lambda could not look at all of them in its minute: it looks at the first ones, and hands on the
    others.
    """
    runs = [old_run(aws, letter) for letter in "abcde"]
    describe(aws, monkeypatch)
    track = aws.handler("track")
    monkeypatch.setattr(track, "RUNS_AT_A_TIME", 2)
    monkeypatch.setattr(aws, "handler", lambda _: track)
    assert aws.call("track", '{"sweep": true}') == []
    assert [run_of(aws, run).state for run in runs].count(RunState.SUCCEEDED) == 2
    parts = [message["Body"] for message in aws.received("track")]
    assert sorted(len(json.loads(part)["look"]) for part in parts) == [1, 2]
    assert aws.call("track", *parts) == []
    assert {run_of(aws, run).state for run in runs} == {RunState.SUCCEEDED}


def test_a_run_that_cannot_be_swept_does_not_keep_the_sweep_from_the_others(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are looked at, and the sweep comes again."""
    broken, sound = old_run(aws, "a", minutes=20), old_run(aws, "b")
    describe(aws, monkeypatch, broken)
    assert aws.call("track", '{"sweep": true}') == ["0"]
    assert run_of(aws, sound).state is RunState.SUCCEEDED


def failures_told(aws: Aws) -> list[dict[str, Any]]:
    """Return the failures that were handed to the alerts, without the states that other automation hears
    of.
    """
    found = [json.loads(message["Body"]) for message in aws.received("alerts")]
    return [message for message in found if "changed_to" not in message]


def told(aws: Aws) -> list[dict[str, Any]]:
    """Return what the topic's subscribers got."""
    return [json.loads(message["Body"]) for message in aws.received("inbox")]


def evidence(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_person_is_told_once_with_the_log_of_the_failed_child(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the failure is told twice, and again later."""
    run_id = begun(aws)
    failed(aws, run_id)
    evidence(aws, monkeypatch)
    assert failures_told(aws) == [{"version": 1, "run": run_id, "step": "count", "generation": 0}]
    message = json.dumps(failures_told(aws)[0])
    assert aws.call("alert", message, message) == []
    assert aws.call("alert", message) == []
    [mail] = told(aws)
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
    assert "last lines" not in told(aws)[0]["Message"]


def test_a_failure_without_a_reason_says_so(aws: Aws) -> None:
    """A step that the ledger has no record of."""
    run_id = begun(aws)
    assert aws.call("alert", RunFailed(run=run_id, step="merge").to_json()) == []
    assert "no reason is recorded" in told(aws)[0]["Message"]


def test_an_alert_that_could_not_be_sent_comes_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note that it was told is taken back."""
    run_id = begun(aws)
    message = RunFailed(run=run_id, step="split").to_json()
    monkeypatch.setattr(aws.batch, "describe_jobs", lambda jobs: {"jobs": []}, raising=False)
    sns = aws.client("sns")
    topic = sns.list_topics()["Topics"][0]["TopicArn"]
    sns.delete_topic(TopicArn=topic)
    assert aws.call("alert", message) == ["0"]
    sns.create_topic(Name="alerts")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")
    assert aws.call("alert", message) == []
    assert len(told(aws)) == 1


def test_metrics_are_written_to_the_log(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """In CloudWatch's embedded format, in the namespace Sluice."""
    begun(aws)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], line["RunsStarted"]) for line in lines] == [
        ("Sluice", [1.0])
    ]


def test_the_log_of_the_node_that_failed_first_is_told(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
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
    from lambdas.alert.evidence import Evidence, gather

    assert gather(str(run_of(aws, run_id).steps["ring"].job_id), 1, 4) == Evidence()
    assert asked[1:] == [f"{run_of(aws, run_id).steps['ring'].job_id}#0"]


def test_a_failing_node_is_named_in_the_reason(aws: Aws) -> None:
    """What the node reported comes before what AWS Batch knows of the main node."""
    ring = CompiledPipeline("words", (CompiledStep("ring", Kind.MULTI_NODE, "d", "steady", groups=(4,)),))
    assert aws.call("trigger", aws.upload(ring)) == []
    run_id = str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0]
    report = {"error": "ValueError", "message": "cannot", "item": None, "node": 2, "attempt": 1}
    aws.client("s3").create_bucket(Bucket="work")
    aws.client("s3").put_object(
        Bucket="work", Key=keys.failure(run_id, "ring", 2, 0), Body=json.dumps(report).encode()
    )
    node = json.loads(ended(aws, run_id, "ring", "FAILED", nodeDetails={"nodeIndex": 2}))
    node["detail"]["jobId"] += "#2"
    assert aws.call("track", json.dumps(node)) == []
    assert run_of(aws, run_id).steps["ring"].state is StepState.SUBMITTED, "a node's end is not the job's"
    assert (
        aws.call("track", ended(aws, run_id, "ring", "FAILED", attempts=[{"container": {"exitCode": 1}}]))
        == []
    )
    assert (
        run_of(aws, run_id).steps["ring"].reason
        == "ValueError: cannot (node 2) (the program ended with exit code 1)"
    )
