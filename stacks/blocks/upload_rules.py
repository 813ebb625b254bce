"""The rules that start a pipeline when a file lands in the inbox."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from constructs import Construct

from sluice.messages import VERSION
from sluice.pipeline import Pipeline, S3Upload
from stacks.blocks.definition import Definition
from stacks.blocks.events import rule_target
from stacks.blocks.reaction import Reaction


def start_on_uploads(scope: Construct, *, pipeline: Pipeline, definition: Definition, inbox: s3.IBucket, fill: Reaction) -> None:
    """Add a rule for each upload trigger; the queue allows this stack's rules by the beginning of their names."""
    for number, upload in enumerate(pipeline.triggers):
        events.CfnRule(
            scope,
            f"Upload{number}",
            description=f"Sluice: {upload.prefix}*{upload.suffix} starts {pipeline.name}",
            event_pattern=_pattern(upload, inbox),
            targets=[rule_target(fill, input_transformer=_message(pipeline, upload, definition))],
        )


def trigger_name(upload: S3Upload) -> str:
    """Return what the ledger calls this trigger; it depends on nothing but the trigger, for a run's id is made from it."""
    return f"s3:{upload.prefix}*{upload.suffix}"


def _pattern(upload: S3Upload, inbox: s3.IBucket) -> dict[str, Any]:
    """Return what matches the upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (keys are not encoded)."""
    key = {"wildcard": f"{upload.prefix}*{upload.suffix}"} if upload.suffix else {"prefix": upload.prefix}
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [inbox.bucket_name]}, "object": {"key": [key]}},
    }


def _message(pipeline: Pipeline, upload: S3Upload, definition: Definition) -> events.CfnRule.InputTransformerProperty:
    """Return the transformer that writes a ``sluice.messages.Triggered``: the event's detail, and which pipeline it starts."""
    parts = {
        "pipeline": json.dumps(pipeline.name),
        "trigger": json.dumps(trigger_name(upload)),
        "definition": f'{{"bucket":"{definition.bucket}","key":"{definition.key}"}}',
        "detail": "<detail>",
        "version": str(VERSION),
    }
    template = "{" + ",".join(f'"{name}":{value}' for name, value in parts.items()) + "}"
    return events.CfnRule.InputTransformerProperty(input_paths_map={"detail": "$.detail"}, input_template=template)
