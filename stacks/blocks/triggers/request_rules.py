"""The rules that start a pipeline on request, by an event on the default bus.

IAM decides who may request runs: ``events:PutEvents`` on the default bus, under the conditions
``ForAllValues:StringEquals`` of ``events:source`` = ``sluice`` and of ``events:detail-type`` = ``Run
Requested``, and ``Null`` = false of both: a request has several entries, so the keys have several values.
Source:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_events as events
from constructs import Construct

from sluice.pipeline.definition import Manual, Pipeline
from sluice.pipeline.trigger_names import MANUAL
from sluice.triggers.request_event import requests_to
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.consumers.rule_target import rule_target, with_detail
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.triggers.trigger_message import message, triggered


def start_on_requests(
    scope: Construct, *, pipeline: Pipeline, definition: Definition, target: QueueConsumer, stack_prefix: str
) -> None:
    """Add the rule of a pipeline with a Manual trigger."""
    if not _may_be_asked_for(pipeline):
        return
    events.CfnRule(
        scope,
        "Request",
        description=f"Sluice: a request starts {pipeline.name}",
        event_pattern=requests_to(stack_prefix, [pipeline.name]),
        targets=[
            rule_target(
                target,
                input_transformer=with_detail(triggered(pipeline.name, MANUAL, definition, "<detail>")),
            )
        ],
    )


def refuse_other_requests(
    scope: Construct,
    construct_id: str,
    *,
    pipelines: Sequence[Pipeline],
    target: QueueConsumer,
    stack_prefix: str,
) -> None:
    """Add the rule for requests of pipelines without a Manual trigger: the trigger Lambda sets them aside
    with the reason, and an alarm is raised.
    """
    known = [pipeline.name for pipeline in pipelines if _may_be_asked_for(pipeline)]
    others = [{"anything-but": known}] if known else [{"exists": True}]
    events.CfnRule(
        scope,
        construct_id,
        description="Sluice: a request for a pipeline that is not there",
        event_pattern=requests_to(stack_prefix, [*others, {"exists": False}]),
        targets=[
            rule_target(
                target, input_transformer=with_detail(message('"unknown"', "unknown", "{}", "<detail>"))
            )
        ],
    )


def _may_be_asked_for(pipeline: Pipeline) -> bool:
    return any(isinstance(trigger, Manual) for trigger in pipeline.triggers)
