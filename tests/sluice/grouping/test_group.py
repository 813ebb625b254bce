"""The messages of the group queue, and the input of commands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.aws.table import failed_conditions
from sluice.errors import LimitError, MalformedMessageError
from sluice.grouping.group import parse_group_message
from sluice.messages import GroupedUpload
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Job, Manual, Pipeline
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request
from sluice.triggers.trigger_event import (
    Request,
    S3Object,
)
from tests.sluice.clouds import refused
from tests.sluice.graphs import QUEUES, RUN_ID, step


def echo(*words: str, **more: Any) -> list[Any]:
    """Return a step of a plain command."""
    return [Job("echo", image="busybox", command=["echo", *words], **more)]


def test_a_command_without_the_placeholder_gets_no_parameters() -> None:
    """Its request is what it was."""
    trigger = S3Object(bucket="inbox", key="words/a b.txt", version_id="v", etag="e", size=1).to_dict()
    for takes, expected in ((True, {"input": "s3://inbox/words/a b.txt"}), (False, None)):
        request = submit_request(RUN_ID, Submission(step("a", takes_input=takes), 1), QUEUES, {}, trigger)
        assert request.get("parameters") == expected
    compiled = compile_pipeline(
        Pipeline(name="w", triggers=[Manual()], steps=echo("{input}")),
        JobDefinitions(steps={"echo": "e"}, cleanup="x", gate="g"),
    )
    assert [one.takes_input for one in compiled.steps] == [True, False]


def test_an_input_that_is_too_long_for_a_command_is_refused_before_it_is_sent() -> None:
    """A request to Batch has at most 30 KiB."""
    trigger = Request(token="t", input="x" * 31_000).to_dict()
    with pytest.raises(LimitError, match="the payload"):
        submit_request(RUN_ID, Submission(step("a", takes_input=True), 1), QUEUES, {}, trigger)


def test_messages_of_the_group_queue() -> None:
    """An upload keeps what a Triggered has, also through JSON."""
    definition = {"bucket": "b", "key": "k"}
    upload = GroupedUpload(
        pipeline="w", trigger="s3-group:w/*", definition=definition, detail={}, within=5, of=3
    )
    assert parse_group_message(upload.to_json()) == upload
    with pytest.raises(MalformedMessageError, match=r"GroupedUpload\.pipeline of type str"):
        parse_group_message(json.dumps(json.loads(upload.to_json()) | {"pipeline": 5}))


def test_the_places_of_failed_conditions() -> None:
    """As DynamoDB lists them, one for each write."""
    error = refused("TransactionCanceledException")
    error.response["CancellationReasons"] = [
        {"Code": code}
        for code in ("None", "ConditionalCheckFailed", "TransactionConflict", "ConditionalCheckFailed")
    ]
    assert failed_conditions(error) == {1, 3}
