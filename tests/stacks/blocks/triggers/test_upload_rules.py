"""Uploads fill the queues; stacks.blocks.triggers.trigger_message makes what the consumers read there."""

from __future__ import annotations

import json

from sluice.messages import GroupedUpload, SetUpload
from sluice.pipeline.file_sets import sets_of
from sluice.pipeline.validation.triggers.uploads import uploads_of
from sluice.triggers.inbox import REQUESTS
from tests.stacks.blocks.triggers.rules import message_of, rules_of
from tests.stacks.synthesis import deployed
from tests.stacks.templates import Template, text


def test_an_upload_reaches_its_queue_as_the_message_that_is_read_there(pipelines: Template) -> None:
    """What the rule writes names its pipeline and where its compiled form is; an upload that is gathered goes
    to the group queue, and so does one of a set.
    """
    rules = rules_of(pipelines, "aws.s3")
    sets = [found for one in deployed() for found in sets_of(one)]
    assert sets
    assert len(rules) == sum(len(uploads_of(one)) for one in deployed()) + len(sets)
    for rule in rules:
        (target,) = rule["Targets"]
        message = message_of(rule, '{"object": {"key": "k"}}')
        stage = "GroupingGroup" if isinstance(message, GroupedUpload | SetUpload) else "Trigger"
        assert f"{stage}Queue" in text(target["Arn"])
        assert f"{stage}Retries" in text(target["DeadLetterConfig"]["Arn"])
        assert target["InputTransformer"]["InputPathsMap"] == {
            "detail": "$.detail",
            "time": "$.time",
        }
        assert message.detail == {"object": {"key": "k"}}
        assert message.definition["bucket"] == "cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>"


def test_a_gathered_upload_says_how_it_is_gathered(pipelines: Template) -> None:
    """Within how many seconds, and at most how many files."""
    messages = [message_of(rule) for rule in rules_of(pipelines, "aws.s3")]
    (gathered,) = [one for one in messages if isinstance(one, GroupedUpload)]
    assert (gathered.pipeline, gathered.trigger) == ("small-files", "s3-group:small-files/*.txt")
    assert (gathered.within, gathered.of) == (10, 10_000)


def test_only_the_inbox_starts_pipelines(pipelines: Template) -> None:
    """A rule for uploads matches new objects of the inbox under the trigger's prefix, and nothing else."""
    patterns = [rule["EventPattern"] for rule in rules_of(pipelines)]
    # The others are requests, and the ends of cleanups, which start what comes after a run.
    others = {"Run Requested", "Batch Job State Change"}
    uploads = [one for one in patterns if others.isdisjoint(one["detail-type"])]
    assert uploads
    for pattern in uploads:
        assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
        assert all("Inbox" in text(name) for name in pattern["detail"]["bucket"]["name"])
        keys = pattern["detail"]["object"]["key"]
        assert keys
        assert all(key.keys() <= {"wildcard", "prefix"} for key in keys)


def test_no_rule_matches_files_that_come_with_requests(pipelines: Template) -> None:
    """They start nothing by themselves: the request does."""
    rules = [json.dumps(one) for one in pipelines.properties("AWS::Events::Rule")]
    assert rules
    assert not [rule for rule in rules if REQUESTS in rule]
