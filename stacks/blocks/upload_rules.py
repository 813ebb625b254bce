"""The rules that start a pipeline when a file lands in the inbox."""

from __future__ import annotations

from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.trigger_names import upload_name
from sluice.pipeline.validation.triggers.grouping import grouping_of
from sluice.pipeline.validation.triggers.uploads import uploads_of
from stacks.blocks.definition import Definition
from stacks.blocks.events import rule_target, with_detail
from stacks.blocks.reaction import Reaction
from stacks.blocks.trigger_message import triggered


def start_on_uploads(
    scope: Construct,
    *,
    pipeline: Pipeline,
    definition: Definition,
    inbox: s3.IBucket,
    fill: Reaction,
    gather: Reaction | None,
) -> None:
    """Add a rule for each upload trigger, to the queue of who gathers if it gathers.

    The queues allow this stack's rules by the beginning of their names.
    """
    for number, upload in enumerate(uploads_of(pipeline)):
        within, most = grouping_of(upload)
        more = {"within": within, "of": most} if upload.gathers else {}
        message = triggered(pipeline.name, upload_name(upload), definition, "<detail>", **more)
        reaction = gather if upload.gathers else fill
        assert reaction is not None, "it is made with the first pipeline that gathers"  # noqa: S101
        events.CfnRule(
            scope,
            f"Upload{number}",
            description=f"Sluice: {upload.prefix}*{upload.suffix} starts {pipeline.name}",
            event_pattern=_pattern(upload, inbox),
            targets=[rule_target(reaction, input_transformer=with_detail(message))],
        )


def _pattern(upload: S3Upload, inbox: s3.IBucket) -> dict[str, Any]:
    """Return what matches the upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    (keys are not encoded).
    """
    key = {"wildcard": f"{upload.prefix}*{upload.suffix}"} if upload.suffix else {"prefix": upload.prefix}
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [inbox.bucket_name]}, "object": {"key": [key]}},
    }
