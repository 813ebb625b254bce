"""What the Lambda of a webhook may do."""

from __future__ import annotations

from tests.stacks.blocks.webhook.addresses import allowed
from tests.stacks.templates import Template


def test_it_may_do_three_things(pipelines: Template) -> None:
    """Read its secret, record its deliveries, fill the trigger queue; it neither submits nor reads runs of
    other pipelines.
    """
    actions = {one for one in allowed(pipelines, "WebhookRole") if not one.startswith("logs:")}
    queue = {"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
    assert actions == {"secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:UpdateItem"} | queue


def test_it_records_deliveries_and_writes_no_run(pipelines: Template) -> None:
    """Beside its own pipeline's runs, in the attributes of a delivery's record."""
    statements = pipelines.statements_of("montecarloWebhookRole")
    conditions = {one["Action"]: one["Condition"] for one in statements if "dynamodb:" in str(one["Action"])}
    assert conditions.keys() == {"dynamodb:GetItem", "dynamodb:UpdateItem"}
    keys = [one["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] for one in conditions.values()]
    assert keys == [[f"RUN#monte-carlo-{'?' * 20}"]] * 2
    written = conditions["dynamodb:UpdateItem"]["ForAllValues:StringEquals"]["dynamodb:Attributes"]
    assert "state" not in written
