"""Lacking: statements of an event bus's policy in CloudFormation, which ministack's EventBridge has."""

from collections.abc import Callable, Mapping
from typing import Any

Properties = Mapping[str, Any]
Result = tuple[str, dict[str, Any]]
Statements = Callable[[str], list[dict[str, Any]]]
"""Returns the statements of a bus, by its name; changing them changes the policy."""


def handlers(statements: Statements) -> dict[str, dict[str, Any]]:
    """Return create, update and delete of `AWS::Events::EventBusPolicy`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbuspolicy.html
    """

    def create(_logical_id: str, properties: Properties, _stack: str) -> Result:
        _remove(statements, properties)
        own = {**properties["Statement"], "Sid": properties["StatementId"]}
        statements(_bus(properties)).append(own)
        return f"{_bus(properties)}|{properties['StatementId']}", {}

    def update(_physical_id: str, old: Properties, new: Properties, stack: str) -> Result:
        _remove(statements, old)
        return create("", new, stack)

    def delete(_physical_id: str, properties: Properties) -> None:
        _remove(statements, properties)

    return {"AWS::Events::EventBusPolicy": {"create": create, "update": update, "delete": delete}}


def _remove(statements: Statements, properties: Properties) -> None:
    found = statements(_bus(properties))
    found[:] = [one for one in found if one.get("Sid") != properties["StatementId"]]


def _bus(properties: Properties) -> str:
    return str(properties.get("EventBusName") or "default")
