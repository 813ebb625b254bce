"""The rules that start a pipeline when a file lands in the inbox, or in another bucket."""

from __future__ import annotations

import json

from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.trigger_names import upload_name
from sluice.pipeline.validation.triggers.grouping import grouping_of
from sluice.pipeline.validation.triggers.uploads import uploads_of
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.consumers.rule_target import MAX_DESCRIPTION, TIME, rule_target, with_detail
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.triggers.trigger_message import triggered


def start_on_uploads(
    scope: Construct,
    *,
    pipeline: Pipeline,
    definition: Definition,
    inbox: s3.IBucket,
    target: QueueConsumer,
    grouping: QueueConsumer | None,
) -> None:
    """Add a rule for each upload trigger; its target is ``grouping`` when the trigger gathers.

    The queues allow this stack's rules by the beginning of their names.
    """
    for number, upload in enumerate(uploads_of(pipeline)):
        gathering = grouping_of(upload)
        grouped = {"within": gathering.within, "of": gathering.of} if upload.gathers else {}
        grouped |= {"after": gathering.after} if gathering.after else {}
        more: dict[str, int | str] = {"time": json.dumps(TIME), **grouped}
        message = triggered(pipeline.name, upload_name(upload), definition, "<detail>", **more)
        consumer = grouping if upload.gathers else target
        assert consumer is not None, "it exists while some pipeline gathers"  # noqa: S101
        events.CfnRule(
            scope,
            f"Upload{number}",
            description=f"Sluice: {_where(upload)} starts {pipeline.name}"[:MAX_DESCRIPTION],
            event_pattern=_pattern(upload, inbox),
            targets=[rule_target(consumer, input_transformer=with_detail(message))],
        )


def _pattern(upload: S3Upload, inbox: s3.IBucket) -> dict[str, object]:
    """Return the event pattern of the uploads, whose keys are not encoded:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html.
    """
    prefix = [{"prefix": upload.prefix}]
    keys = [{"wildcard": pattern} for pattern in upload.patterns] if any(upload.suffixes) else prefix
    pattern: dict[str, object] = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [upload.bucket or inbox.bucket_name]}, "object": {"key": keys}},
    }
    # Whoever may forward events to this bus: only those of the account that has the bucket count.
    return pattern | ({"account": [upload.account]} if upload.account else {})


def _where(upload: S3Upload) -> str:
    return f"{upload.bucket + '/' if upload.bucket else ''}{' and '.join(upload.patterns)}"
