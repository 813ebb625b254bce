"""The group Lambda, handed many messages at once, and what the trigger Lambda makes of a group."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice.errors import UnsettledError
from sluice.grouping import ledger as group_ledger
from sluice.grouping.ledger import GroupLedger
from sluice.items.manifest import read_slice
from sluice.messages import Triggered
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.state import ItemSource, StepState
from sluice.triggers.trigger_event import S3Object, UploadGroup, parse_trigger
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import run_of
from tests.sluice.graphs import pipeline, step


def files_pipeline() -> CompiledPipeline:
    """Return a pipeline that works on the files that started it."""
    plan = step("files", Kind.PLAN, of_uploads=True)
    count = step("count", Kind.ARRAY, items_of="files")
    return pipeline(plan, count, step("cleanup", Kind.CLEANUP, after=("count",)))


def uploaded(aws: Aws, number: int, of: int = 3, size: int = 1) -> str:
    """Return the message that the rule of a grouping trigger makes of an upload."""
    key = f"words/{number}.txt" if size else "words/"
    message = json.loads(aws.upload(files_pipeline(), key, size))
    return json.dumps(message | {"trigger": "s3-group:words/*", "within": 60, "of": of})


def run_requests(aws: Aws) -> list[str]:
    """Return the messages in the trigger queue."""
    return [message["Body"] for message in aws.received("trigger")]


def test_a_full_group_is_a_run_whose_items_are_its_files(aws: Aws) -> None:
    """From the messages of uploads to the array's job; no job finds the items."""
    assert aws.call("group", *(uploaded(aws, number) for number in (3, 1, 2))) == []
    [message] = run_requests(aws)
    group = parse_trigger(Triggered.from_json(message))
    assert isinstance(group, UploadGroup)
    assert (group.bucket, group.prefix, group.suffix, group.files) == ("inbox", "words/", "", 3)
    items = list(read_slice(aws.client("s3"), "work", group.manifest, 0, 3))
    assert [S3Object(**item).key for item in items] == ["words/1.txt", "words/2.txt", "words/3.txt"]
    assert aws.call("trigger", message, message) == []
    assert aws.batch.names() == ["cleanup", "count"]
    run = run_of(aws, str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0])
    assert (run.steps["files"].state, run.steps["files"].items) == (StepState.SUCCEEDED, 3)
    assert (run.steps["count"].item_source, run.steps["count"].children) == (ItemSource(group.manifest, 3), 3)
    assert group.manifest.startswith(f"runs/{run.run_id}/")


def test_an_upload_alone_is_the_only_item(aws: Aws) -> None:
    """A plain upload trigger, the same pipeline: the items are in the run's own trigger."""
    assert aws.call("trigger", aws.upload(files_pipeline())) == []
    run = run_of(aws, str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0])
    assert run.steps["count"].item_source == ItemSource("trigger", 1)


@pytest.mark.parametrize(
    ("given", "items", "jobs"),
    [
        (
            {"uploads": [{"bucket": "i", "key": "a", "version_id": "", "etag": "e", "size": 1}] * 2},
            2,
            ["cleanup", "count"],
        ),
        ({"uploads": []}, 0, ["cleanup"]),
        (None, 0, ["cleanup"]),
        ([1], 0, ["cleanup"]),
    ],
)
def test_a_request_may_list_files(aws: Aws, given: Any, items: int, jobs: list[str]) -> None:
    """Those of its input; one without has no items, which ends well."""
    upload = json.loads(aws.upload(files_pipeline()))
    assert (
        aws.call(
            "trigger", json.dumps(upload | {"trigger": "manual", "detail": {"token": "t", "input": given}})
        )
        == []
    )
    assert aws.batch.names() == jobs
    run = run_of(aws, str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0])
    assert run.steps["files"].items == items


@pytest.mark.parametrize(
    "listed", [5, "a", [5], [{"bucket": "i", "key": "a"}], [{"bucket": "i", "key": "a", "size": "1"}]]
)
def test_a_request_whose_files_are_none_is_set_aside(aws: Aws, listed: Any) -> None:
    """With what was expected."""
    upload = json.loads(aws.upload(files_pipeline()))
    assert (
        aws.call(
            "trigger",
            json.dumps(
                upload | {"trigger": "manual", "detail": {"token": "t", "input": {"uploads": listed}}}
            ),
        )
        == []
    )
    assert aws.batch.names() == []
    assert (
        "Expected uploads with bucket, key"
        in aws.received("dead")[0]["MessageAttributes"]["reason"]["StringValue"]
    )


@pytest.mark.parametrize(
    "key", ["requests/words-2/t/a", "requests/other/t/a", "tables/a", "Requests/words/t/a"]
)
def test_a_request_with_files_of_another_pipeline_is_set_aside(aws: Aws, key: str) -> None:
    """Each is named, with where its own ones lie; those that are its own begin the run."""
    own, other = (
        {"bucket": "i", "key": one, "version_id": "", "etag": "e", "size": 1}
        for one in ("requests/words/t/a", key)
    )
    upload = json.loads(aws.upload(replace(files_pipeline(), inbox=("texts/", "requests/words/"))))
    for token, listed in (("bad", [own, other]), ("good", [own, own | {"key": "texts/a"}])):
        detail = {"token": token, "input": {"uploads": listed}}
        assert aws.call("trigger", json.dumps(upload | {"trigger": "manual", "detail": detail})) == []
        assert aws.batch.names() == ([] if token == "bad" else ["cleanup", "count"])
    (dead,) = aws.received("dead")
    reason = dead["MessageAttributes"]["reason"]["StringValue"]
    assert "below texts/ or requests/words/" in reason
    assert f"found {key}." in reason


def test_a_reminder_is_sent_and_followed(aws: Aws) -> None:
    """The group is not due: it is sent again."""
    assert aws.call("group", uploaded(aws, 1)) == []
    assert aws.received("groups") == []  # kept back by SQS until the group is due
    assert aws.call("group", '{"pipeline":"words","trigger":"s3-group:words/*","number":1,"version":1}') == []
    assert run_requests(aws) == []
    queue = {"QueueUrl": aws.queues["groups"], "AttributeNames": ["ApproximateNumberOfMessagesDelayed"]}
    assert (
        aws.client("sqs").get_queue_attributes(**queue)["Attributes"]["ApproximateNumberOfMessagesDelayed"]
        == "2"
    )


def test_a_group_is_open_from_the_moment_at_which_its_first_file_came(aws: Aws) -> None:
    """And not only from the one at which the queue handed it over."""
    sent = datetime.now(UTC) - timedelta(seconds=3)
    assert aws.call("group", uploaded(aws, 1), sent=sent) == []
    [group] = GroupLedger(aws.client("dynamodb"), "ledger").unfinished()
    assert datetime.fromisoformat(group.opened_at) == sent.replace(
        microsecond=sent.microsecond // 1000 * 1000
    )


def test_a_burst_that_comes_twice_starts_one_run(aws: Aws) -> None:
    """In one batch and in another."""
    burst = [uploaded(aws, number) for number in (1, 2, 3)]
    assert aws.call("group", *burst, *burst) == []
    assert aws.call("group", *burst) == []
    assert len(run_requests(aws)) == 1


def test_the_placeholder_of_a_folder_is_no_file(aws: Aws) -> None:
    """Nor is it a fault."""
    assert aws.call("group", uploaded(aws, 0, of=1, size=0)) == []
    assert (run_requests(aws), aws.received("dead")) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "{}",
        '{"detail": {}}',
        '{"pipeline": "p", "trigger": "t", "number": "1"}',
        '{"pipeline": "p", "trigger": "t", "number": -1}',
    ],
)
def test_what_is_malformed_is_set_aside_and_the_others_are_gathered(aws: Aws, body: str) -> None:
    """With the reason."""
    assert aws.call("group", uploaded(aws, 1, of=1), body) == []
    [message] = aws.received("dead")
    assert message["Body"] == body
    assert message["MessageAttributes"]["reason"]["StringValue"].startswith("Expected ")
    assert len(run_requests(aws)) == 1


@pytest.mark.parametrize(
    "change", [{"of": 0}, {"of": "3"}, {"within": -1}, {"within": True}, {"detail": {}}, {"definition": {}}]
)
def test_an_invalid_upload_is_set_aside(aws: Aws, change: dict[str, Any]) -> None:
    """It never opens a group."""
    assert aws.call("group", json.dumps(json.loads(uploaded(aws, 1)) | change)) == []
    assert len(aws.received("dead")) == 1
    assert (
        group_ledger.GroupLedger(aws.client("dynamodb"), "ledger").newest("words", "s3-group:words/*") is None
    )


def test_messages_whose_handling_fails_come_again_and_no_others(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One trigger's files cannot be written: those of the other are gathered."""
    other = json.dumps(json.loads(uploaded(aws, 9, of=1)) | {"trigger": "s3-group:other/*"})
    add = group_ledger.GroupLedger.open

    def broken(self: Any, group: Any, *more: Any) -> Any:
        if group.trigger == "s3-group:words/*":
            raise UnsettledError("no")
        return add(self, group, *more)

    monkeypatch.setattr(group_ledger.GroupLedger, "open", broken)
    assert aws.call("group", uploaded(aws, 1), other, uploaded(aws, 2)) == ["0", "2"]
    assert [json.loads(message)["trigger"] for message in run_requests(aws)] == ["s3-group:other/*"]


def test_a_message_that_cannot_be_set_aside_comes_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is swallowed when the dead-letter queue cannot be reached either."""
    monkeypatch.setenv("SLUICE_DEAD_LETTER_QUEUE", "https://sqs.us-east-1.amazonaws.com/123456789012/none")
    assert aws.call("group", "{") == ["0"]


def test_a_sweep_of_nothing_is_nothing(aws: Aws) -> None:
    """It comes every five minutes."""
    assert aws.call("group", '{"sweep": true, "version": 1}') == []
    assert aws.received("groups") == []


@pytest.mark.parametrize("change", [{"files": 0}, {"files": "3"}, {"manifest": None}, {"bucket": 5}])
def test_a_group_that_is_none_is_set_aside(aws: Aws, change: dict[str, Any]) -> None:
    """The trigger Lambda reads no file list of nothing."""
    aws.call("group", *(uploaded(aws, number) for number in (1, 2, 3)))
    message = json.loads(run_requests(aws)[0])
    message["detail"] |= change
    assert aws.call("trigger", json.dumps(message)) == []
    assert (
        "Expected a group of uploads" in aws.received("dead")[0]["MessageAttributes"]["reason"]["StringValue"]
    )


def test_metrics_say_how_many_files_and_groups(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """In the log, in CloudWatch's embedded format."""
    aws.call("group", *(uploaded(aws, number) for number in (1, 2, 3)))
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (line["FilesGathered"], line["GroupsClosed"]) == ([3.0], [1.0])
