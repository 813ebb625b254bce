"""What keeps failing: by itself it is set aside with its error, in an outage it is tried until that ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from sluice.grouping.gathering import Gatherer
from sluice.ledger.ledger import Ledger
from sluice.limits import MAX_RECEIVES
from sluice.messages import GroupedUpload
from sluice.triggers.trigger_event import S3Object
from tests.lambdas.conftest import Aws
from tests.lambdas.group.test_handler import uploaded
from tests.sluice.clouds import refused
from tests.sluice.graphs import word_count

SWEEP = json.dumps({"sweep": True, "version": 1})
OUTAGES = [
    refused("ServiceUnavailable", status=503),
    refused("AccessDeniedException", "not authorized to perform: dynamodb:PutItem", 400),
    refused("ResourceNotFoundException", "no table yet", 400),
    refused("ProvisionedThroughputExceededException", status=400),
    EndpointConnectionError(endpoint_url="https://dynamodb"),
]


@pytest.mark.parametrize("error", OUTAGES, ids=str)
def test_an_outage_sets_nothing_aside(aws: Aws, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it was received: the queue hands it to that of retries."""
    body = aws.upload(word_count())

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(Ledger, "start", fails)
    for received in (1, MAX_RECEIVES, 900):
        assert aws.call("trigger", body, received=received) == ["0"]
    assert aws.received("dead") == []


def test_what_fails_by_itself_is_set_aside_the_fifth_time_with_its_error(aws: Aws) -> None:
    """A person is told within half an hour, and reads why; before that it may come again."""
    body = json.dumps(json.loads(aws.upload(word_count())) | {"definition": {"bucket": "assets", "key": "x"}})
    assert aws.call("trigger", body, received=MAX_RECEIVES - 1) == ["0"]
    assert aws.received("dead") == []
    assert aws.call("trigger", body, received=MAX_RECEIVES) == []
    [message] = aws.received("dead")
    assert message["Body"] == body
    assert message["MessageAttributes"]["reason"]["StringValue"].startswith("NoSuchKey: ")


def test_a_sweep_sends_what_failed_in_an_outage_again(aws: Aws) -> None:
    """All of it, also when the rest of the sweep fails; nothing of it stays in the queue of retries."""
    sqs = aws.client("sqs")
    for number in range(25):
        sqs.send_message(QueueUrl=aws.queues["retries"], MessageBody=f"upload {number}")
    assert aws.call("track", SWEEP) == []
    found = set()
    while messages := sqs.receive_message(QueueUrl=aws.queues["trigger"], MaxNumberOfMessages=10).get(
        "Messages"
    ):
        found |= {one["Body"] for one in messages}
    assert found == {f"upload {number}" for number in range(25)}
    assert aws.received("retries") == []


def test_a_sweep_sends_again_what_no_alert_could_be_sent_of(aws: Aws) -> None:
    """Alerts, and events of runs: that of results that are complete starts what comes after them, and the
    sweep had handed it over and would not have done so again.
    """
    aws.client("sqs").send_message(QueueUrl=aws.queues["unsent"], MessageBody="failed")
    assert aws.call("track", SWEEP) == []
    assert [one["Body"] for one in aws.received("alerts")] == ["failed"]
    assert aws.received("unsent") == []


def test_the_sweep_of_groups_sends_its_own_again(aws: Aws) -> None:
    """To the group queue."""
    aws.client("sqs").send_message(QueueUrl=aws.queues["retries"], MessageBody="upload")
    assert aws.call("group", SWEEP) == []
    assert [one["Body"] for one in aws.received("groups")] == ["upload"]


def test_one_file_that_fails_by_itself_takes_no_other_with_it(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the last attempt the files of a group are handled one by one."""
    gather = Gatherer.gather

    def careful(self: Gatherer, upload: GroupedUpload, files: Sequence[S3Object], **more: Any) -> int:
        if any(file.key == "words/1.txt" for file in files):
            raise KeyError("words/1.txt")
        return gather(self, upload, files, **more)

    monkeypatch.setattr(Gatherer, "gather", careful)
    bodies = [uploaded(aws, number, of=9) for number in range(3)]
    assert aws.call("group", *bodies, received=1) == ["0", "1", "2"]
    assert aws.call("group", *bodies, received=MAX_RECEIVES) == []
    [aside] = aws.received("dead")
    assert aside["Body"] == bodies[1]
    assert aside["MessageAttributes"]["reason"]["StringValue"] == "KeyError: 'words/1.txt'"
