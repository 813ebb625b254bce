"""What arrives in the queues is read strictly: job events, uploads and Sluice's own messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sluice.advance.batch_events import JobEnded, Reconcile, failure_reason, job_ended, joined, parse_event
from sluice.errors import MalformedMessageError
from sluice.messages import Message, Planned, RunFailed, Sweep, Triggered
from sluice.run.job_names import JobName
from sluice.run.state import StepState
from sluice.triggers.trigger_event import (
    Request,
    S3Object,
    ScheduledTime,
    TriggerEvent,
    parse_trigger,
    stored_trigger,
    uploaded_object,
)
from tests.sluice.graphs import RUN_ID

EVENTS = Path(__file__).parents[2] / "data" / "events"
PLANNED = Planned(run=RUN_ID, step="split", generation=0, job_id="j", items=3, manifest="m")


def recorded(name: str) -> dict[str, Any]:
    """Return a recorded event."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def test_the_end_of_a_job_is_read_with_its_reason() -> None:
    """The exit code and what the container said."""
    reason = "the program ended with exit code 1 (ValueError)"
    expected = JobEnded(
        JobName(RUN_ID, "merge", 0), "4c7599ae-0a82-49aa-ba5a-4727fcce14a8", StepState.FAILED, reason
    )
    assert parse_event(json.dumps(recorded("job"))) == expected


def test_the_end_of_an_array_counts_its_failed_children() -> None:
    """One event for the whole array."""
    event = parse_event(json.dumps(recorded("array_parent")))
    assert isinstance(event, JobEnded)
    assert (event.name.step, event.reason) == ("count", "2 of 100 children failed")


@pytest.mark.parametrize("name", ["child", "foreign"])
def test_children_and_jobs_of_others_are_nothing(name: str) -> None:
    """They end in silence."""
    assert parse_event(json.dumps(recorded(name))) is None


@pytest.mark.parametrize(
    "status", ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SOMETHING_NEW"]
)
def test_a_state_that_is_no_end_is_nothing(status: str) -> None:
    """Only ends change what can be submitted."""
    event = recorded("job")
    event["detail"]["status"] = status
    assert parse_event(json.dumps(event)) is None


def test_the_schedule_asks_to_sweep() -> None:
    """Its message is ours."""
    assert parse_event('{"sweep": true}') == Sweep()


def test_a_call_to_look_at_runs_is_read_as_it_was_written() -> None:
    """The caller writes it with the same class."""
    assert parse_event(Reconcile((RUN_ID, "b")).to_json()) == Reconcile((RUN_ID, "b"))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "5",
        "{}",
        '{"sweep": 1}',
        '{"look": "words-aaaaaaaaaaaaaaaaaaaa"}',
        '{"look": [5]}',
        '{"source": "aws.ec2", "detail-type": "Batch Job State Change", "detail": {}}',
        '{"source": "aws.batch", "detail-type": "Batch Job State Change"}',
        '{"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": []}',
        (
            '{"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": {"jobName": 5,'
            ' "status": "FAILED"}}'
        ),
    ],
)
def test_what_is_no_event_of_a_job_is_malformed(body: str) -> None:
    """It is set aside, not tried again."""
    with pytest.raises(MalformedMessageError):
        parse_event(body)


def test_an_event_without_array_properties_is_of_a_plain_job() -> None:
    """A null is as good as none."""
    detail = recorded("job")["detail"] | {"arrayProperties": None}
    assert job_ended(detail) is not None


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (
            {
                "container": {
                    "reason": "OutOfMemoryError: Container killed due to memory usage",
                    "exitCode": 137,
                }
            },
            "needed more memory",
        ),
        ({"statusReason": "Job attempt duration exceeded timeout"}, "longer than its time-out"),
        (
            {"statusReason": "x", "container": {"reason": "CannotPullContainerError: no such image"}},
            "image was not found",
        ),
        ({"statusReason": "Host EC2 (instance i-1) terminated."}, "machine was taken away"),
        ({"statusReason": "Dependent Job failed"}, "a job that it waits for failed"),
        ({"statusReason": "Something new"}, "Something new"),
        ({}, "AWS Batch gave no reason"),
    ],
)
def test_a_failure_is_told_in_plain_words(job: dict[str, Any], says: str) -> None:
    """The words of Batch stand behind."""
    assert says in failure_reason(job)


def triggered(detail: dict[str, Any]) -> Triggered:
    """Return what a rule of EventBridge hands over."""
    return Triggered(pipeline="words", trigger="s3", definition={"bucket": "b", "key": "k"}, detail=detail)


def test_an_upload_is_read_with_its_key_as_it_is() -> None:
    """EventBridge's keys are not URL-encoded."""
    upload = uploaded_object(triggered(recorded("s3_object_created")["detail"]))
    assert upload is not None
    assert upload.uri == "s3://inbox/words/example key+100%.txt"
    assert upload.identity() == {
        "bucket": "inbox",
        "key": upload.key,
        "version": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
    }
    assert S3Object.from_dict(upload.to_dict()) == upload


@pytest.mark.parametrize(
    "key",
    ["a b", "a+b", "100%25", 'it\'s "x"', "žluťoučký/日本語", "x" * 1024, "\\", "a//b", "?versionId=1", "."],
)
def test_an_odd_key_stays_what_it_is(key: str) -> None:
    """Through the message's JSON and the ledger's form."""
    message = Triggered.from_json(
        triggered({"bucket": {"name": "b"}, "object": {"key": key, "size": 1, "etag": "e"}}).to_json()
    )
    upload = uploaded_object(message)
    assert upload is not None
    assert (upload.key, upload.identity()["version"]) == (key, "e")


def test_the_empty_object_of_a_folder_is_no_upload() -> None:
    """The console makes one for each new folder; a file of that name with content is an upload."""
    assert (
        uploaded_object(triggered({"bucket": {"name": "b"}, "object": {"key": "words/", "size": 0}})) is None
    )
    assert (
        uploaded_object(triggered({"bucket": {"name": "b"}, "object": {"key": "words/", "size": 1}}))
        is not None
    )


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"bucket": "b", "object": {"key": "k"}},
        {"bucket": {"name": "b"}},
        {"bucket": {"name": "b"}, "object": []},
        {"bucket": {"name": None}, "object": {"key": "k"}},
        {"bucket": {"name": "b"}, "object": {"key": 5}},
        {"bucket": {"name": "b"}, "object": {"key": "k", "size": "5"}},
        {"bucket": {"name": "b"}, "object": {"key": "k", "size": float("inf")}},
        {"bucket": {"name": "b"}, "object": {"key": "k", "size": True}},
    ],
)
def test_what_is_no_upload_is_malformed(detail: dict[str, Any]) -> None:
    """It is set aside, not tried again."""
    with pytest.raises(MalformedMessageError):
        uploaded_object(triggered(detail))


def told(trigger: str, detail: dict[str, Any]) -> TriggerEvent | None:
    """Return what is read of a message of this trigger."""
    message = Triggered(
        pipeline="words", trigger=trigger, definition={"bucket": "b", "key": "k"}, detail=detail
    )
    return parse_trigger(Triggered.from_json(message.to_json()))


@pytest.mark.parametrize("given", [None, 5, "text", [1, {"a": None}], {"žluť": [True]}])
def test_a_request_has_any_json_as_its_input_and_its_token_as_its_identity(given: Any) -> None:
    """The same token is the same run, whatever else it says; it survives the ledger."""
    request = told("manual", {"pipeline": "words", "input": given, "token": "t"})
    assert request == Request(token="t", input=given)
    assert request.identity() == Request(token="t", input="other").identity() != Request(token="u").identity()
    assert stored_trigger(json.loads(json.dumps(request.to_dict()))) == request


def test_a_moment_is_the_time_that_was_meant() -> None:
    """The same moment delivered twice is one run; another moment is another."""
    detail = {"time": "2030-01-31T09:00:00Z", "expression": "rate(1 day)", "input": [1]}
    moment = told("schedule:rate(1 day) UTC", detail)
    assert moment == ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)", input=[1])
    assert moment.identity() == {"time": "2030-01-31T09:00:00Z"}
    assert stored_trigger(moment.to_dict()) == moment


@pytest.mark.parametrize(
    ("trigger", "detail", "says"),
    [
        ("manual", {}, "a token of 1 to 128 characters"),
        ("manual", {"token": 5}, "found '5'"),
        ("manual", {"token": " "}, "a token of"),
        ("manual", {"token": "t" * 129}, "a token of"),
        ("manual", {"token": "t", "input": "x" * (128 * 1024)}, "at most 131072 bytes"),
        ("unknown", {"pipeline": "wrods", "token": "t"}, "found 'wrods'"),
        ("unknown", {}, "found None"),
        ("schedule:rate(1 day) UTC", {"expression": "rate(1 day)"}, "the time and the expression"),
        (
            "schedule:rate(1 day) UTC",
            {"time": "<aws.scheduler.scheduled-time>", "expression": "rate(1 day)"},
            "the time and the expression",
        ),
        ("owl", {}, "found 'owl'"),
    ],
)
def test_what_asks_for_no_run_is_set_aside_with_what_to_do(
    trigger: str, detail: dict[str, Any], says: str
) -> None:
    """It is malformed: trying again cannot help."""
    with pytest.raises(MalformedMessageError) as raised:
        told(trigger, detail)
    assert says in str(raised.value)


@pytest.mark.parametrize("message", [PLANNED, RunFailed(run=RUN_ID, step="a"), triggered({"a": 1})])
def test_a_message_survives_its_journey(message: Message) -> None:
    """What is read is what was sent."""
    assert type(message).from_json(message.to_json()) == message


def test_a_message_without_a_version_is_of_the_first() -> None:
    """Only a newer version changes what a field means."""
    assert RunFailed.from_json(json.dumps({"run": RUN_ID, "step": "a"})) == RunFailed(run=RUN_ID, step="a")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": "1"},
        {"version": True},
        {"items": "3"},
        {"items": True},
        {"items": -1},
        {"items": 1.0},
        {"step": None},
        {"run": 5},
        {"more": 1},
    ],
    ids=str,
)
def test_a_message_with_a_wrong_field_is_malformed(change: dict[str, Any]) -> None:
    """A newer version, another type, an unknown field."""
    with pytest.raises(MalformedMessageError, match="Expected"):
        Planned.from_json(json.dumps(json.loads(PLANNED.to_json()) | change))


@pytest.mark.parametrize("field", ["run", "step", "generation", "job_id", "items", "manifest"])
def test_a_message_without_a_field_is_malformed(field: str) -> None:
    """The sentence names it."""
    document = json.loads(PLANNED.to_json())
    del document[field]
    with pytest.raises(MalformedMessageError, match=field):
        Planned.from_json(json.dumps(document))


@pytest.mark.parametrize("definition", [{}, {"bucket": "b"}, {"bucket": 1, "key": "k"}])
def test_a_definition_without_a_place_is_malformed(definition: dict[str, Any]) -> None:
    """The compiled pipeline cannot be read without bucket and key."""
    with pytest.raises(MalformedMessageError):
        Triggered(pipeline="p", trigger="s3", definition=definition, detail={}).definition_location()


def test_a_report_comes_before_an_exit_code_and_after_what_batch_knows_better() -> None:
    """A program's own words say more than its exit code; how many children failed says more than one child's
    words.
    """
    assert (
        joined("the program ended with exit code 1", "ValueError: x")
        == "ValueError: x (the program ended with exit code 1)"
    )
    assert joined("3 of 9 children failed", "ValueError: x") == "3 of 9 children failed: ValueError: x"
    assert joined("3 of 9 children failed", None) == "3 of 9 children failed"
