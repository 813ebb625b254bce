"""The rules that record the files of sets when they land in the inbox."""

from __future__ import annotations

import json

from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sluice.pipeline.definition import FileSet, Pipeline
from sluice.pipeline.file_sets import patterns_of, rules_of, sets_of
from sluice.pipeline.trigger_names import set_name
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.consumers.rule_target import MAX_DESCRIPTION, TIME, rule_target, with_detail
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.triggers.trigger_message import triggered


def start_on_sets(
    scope: Construct,
    *,
    pipeline: Pipeline,
    definition: Definition,
    inbox: s3.IBucket,
    grouping: QueueConsumer | None,
) -> None:
    """Add a rule for each set of files; its events are as those of other uploads, and carry its rules."""
    for number, found in enumerate(sets_of(pipeline)):
        assert grouping is not None, "it exists while some pipeline has a set"  # noqa: S101
        rules = json.dumps(rules_of(found).to_dict(), separators=(",", ":"))
        message = triggered(
            pipeline.name, set_name(found), definition, "<detail>", time=json.dumps(TIME), rules=rules
        )
        events.CfnRule(
            scope,
            f"Set{number}",
            description=f"Sluice: sets of {found.pattern} start {pipeline.name}"[:MAX_DESCRIPTION],
            event_pattern=_pattern(found, inbox),
            targets=[rule_target(grouping, input_transformer=with_detail(message))],
        )


def _pattern(found: FileSet, inbox: s3.IBucket) -> dict[str, object]:
    """Return the event pattern of the set's files and of its marker.

    It is wider than the pattern of the set, so that a key with a mistake is recorded as one.
    """
    keys = [
        {"wildcard": f"{one.prefix}*{one.suffix}"} if one.suffix else {"prefix": one.prefix}
        for one in patterns_of(found)
    ]
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [inbox.bucket_name]}, "object": {"key": keys}},
    }
