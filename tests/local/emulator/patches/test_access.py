"""Policies may ask for the source and the kind of the events that PutEvents is to send; refusals name the
object.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import unescape

import pytest
from ministack.core import iam_actions, iam_evaluator

from local.emulator.patches.access import (
    event_keys,
    match_any_key,
    name_batches_by_their_action,
    name_denied_objects,
)


@pytest.mark.parametrize(
    ("entries", "keys"),
    [
        ([("a", "k")], {"events:source": "a", "events:detail-type": "k"}),
        ([("a", "k"), ("a", "l")], {"events:source": "a", "events:detail-type": ["k", "l"]}),
        ([], {}),
    ],
)
def test_the_keys_are_those_of_all_entries(entries: list[tuple[str, str]], keys: dict[str, Any]) -> None:
    """One value, or several that all must be allowed."""
    body = json.dumps({"Entries": [{"Source": source, "DetailType": kind} for source, kind in entries]})
    assert event_keys(body.encode()) == keys


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"Entries": [5]}'])
def test_what_is_no_request_has_no_keys(body: bytes) -> None:
    """The service says what is wrong with it."""
    assert event_keys(body) == {}


def test_several_messages_need_the_permission_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQS has no action for its batches; those of other services have their own."""
    monkeypatch.setattr(iam_actions, "extract_iam_action", iam_actions.extract_iam_action)
    name_batches_by_their_action()

    def action(service: str, target: str) -> str | None:
        headers = {"x-amz-target": target}
        found: str | None = iam_actions.extract_iam_action(service, "POST", "/", headers, b"{}", {})
        return found

    assert action("sqs", "AmazonSQS.SendMessageBatch") == "sqs:SendMessage"
    assert action("sqs", "AmazonSQS.DeleteMessageBatch") == "sqs:DeleteMessage"
    assert action("sqs", "AmazonSQS.ReceiveMessage") == "sqs:ReceiveMessage"
    assert action("dynamodb", "DynamoDB_20120810.BatchGetItem") == "dynamodb:BatchGetItem"


def test_refusals_of_s3_name_the_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """As AWS words them; those of other services stay as they are."""
    answer = iam_actions.access_denied_response
    monkeypatch.setattr(iam_actions, "access_denied_response", answer)
    name_denied_objects()
    more = {"resource_arn": "arn:aws:s3:::team/a&b.csv"}
    _, _, body = iam_actions.access_denied_response("s3", "s3:GetObject", "arn:aws:sts::1:x", "r", **more)
    assert (
        "is not authorized to perform: s3:GetObject on resource: "
        '"arn:aws:s3:::team/a&b.csv" because no identity-based policy allows the s3:GetObject action'
    ) in unescape(body.decode(), {"&quot;": '"'})
    other = ("sqs", "sqs:SendMessage", "arn:aws:sts::1:x", "r")
    assert iam_actions.access_denied_response(*other) == answer(*other)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("arn:aws:s3:::in/words/*", "arn:aws:s3:::in/words/a\nb.txt", True),
        ("arn:aws:s3:::in/words/?", "arn:aws:s3:::in/words/\n", True),
        ("arn:aws:s3:::in/words/a", "arn:aws:s3:::in/words/a\n", False),
        ("arn:aws:s3:::in/words/a.b", "arn:aws:s3:::in/words/axb", False),
        ("arn:aws:s3:::in/words/*", "arn:aws:s3:::in/Words/a", False),
        ("arn:aws:s3:::in/why${?}/*", "arn:aws:s3:::in/why?/a", True),
        ("arn:aws:s3:::in/why${?}/*", "arn:aws:s3:::in/whys/a", False),
        ("arn:aws:s3:::in/${$}{a}/*", "arn:aws:s3:::in/${a}/b", True),
        ("arn:aws:s3:::in/${*}", "arn:aws:s3:::in/*", True),
        ("arn:aws:s3:::in/${*}", "arn:aws:s3:::in/a", False),
    ],
)
def test_wildcards_match_any_key(
    monkeypatch: pytest.MonkeyPatch, pattern: str, text: str, matches: bool
) -> None:
    """A key may have one; and a pattern without a wildcard matches no more than itself."""
    monkeypatch.setattr(iam_evaluator, "_fnmatch_compile", iam_evaluator._fnmatch_compile)
    match_any_key()
    assert iam_evaluator.fnmatch_iam_cs(text, pattern) is matches
    assert iam_evaluator.fnmatch_iam("S3:getobject", "s3:Get*")
