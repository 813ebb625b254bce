"""Events of AWS services that are not ministack's own, such as the Batch engine."""

import json
from collections.abc import Mapping
from typing import Any

from ministack.services import (
    eventbridge,
)

from local.emulator.services import scope
from local.paths import ACCOUNT, REGION


def bus_statements(bus: str) -> list[dict[str, Any]]:
    """Return the statements of a bus's policy, in the account and Region of the request; they may be
    changed.
    """
    policy = eventbridge._event_bus_policies.get(bus)
    if policy is None:
        policy = eventbridge._event_bus_policies[bus] = {"Version": "2012-10-17", "Statement": []}
    statements: list[dict[str, Any]] = policy["Statement"]
    return statements


def put_event(event: Mapping[str, Any]) -> None:
    """Send an event of an AWS service (`source`, `detail-type`, `resources`, `detail`) to the default bus of
    its account and Region.
    """
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Resources": event.get("resources", []),
        "Detail": json.dumps(event["detail"]),
    }
    with scope(event.get("account", ACCOUNT), event.get("region", REGION)):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
