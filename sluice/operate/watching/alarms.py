"""Reads the alarms of CloudWatch about a Sluice itself that are raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sluice.operate.clients import Answer

MAX_RAISED = 50
"""So many alarms of a stack are read: one page."""
STACKS = ("Control", "Pipelines")
"""What the names of the stacks with alarms end with."""


class AlarmReader(Protocol):
    """A client of CloudWatch."""

    def describe_alarms(self, **request: Any) -> Answer:
        """Return alarms."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedAlarm:
    """An alarm that is raised ``since`` a time (ISO 8601, UTC): ``reason`` is CloudWatch's, ``description``
    says what it means and what to do.
    """

    name: str
    since: str
    reason: str
    description: str


@dataclass(frozen=True, slots=True)
class RaisedAlarms:
    """The alarms that are raised, the newest first; ``more`` says that there may be others."""

    alarms: tuple[RaisedAlarm, ...]
    more: bool


def read_alarms(cloudwatch: AlarmReader, prefix: str) -> RaisedAlarms:
    """Return the raised alarms of the stacks whose names begin with a prefix: a call for each of two stacks.

    The names of alarms begin with their stack's and a hyphen, so those of another Sluice are none of them:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
    """
    answers = [
        cloudwatch.describe_alarms(
            AlarmNamePrefix=f"{prefix}{stack}-",
            AlarmTypes=["MetricAlarm"],
            StateValue="ALARM",
            MaxRecords=MAX_RAISED,
        )
        for stack in STACKS
    ]
    found = [alarm for answer in answers for alarm in _raised(answer)]
    newest = sorted(found, key=lambda one: one.since, reverse=True)
    return RaisedAlarms(tuple(newest), more=any(answer.get("NextToken") for answer in answers))


def _raised(answer: Answer) -> Iterator[RaisedAlarm]:
    for alarm in answer["MetricAlarms"]:
        yield RaisedAlarm(
            name=alarm["AlarmName"],
            since=_since(alarm),
            reason=alarm.get("StateReason", ""),
            description=alarm.get("AlarmDescription", ""),
        )


def _since(alarm: Mapping[str, Any]) -> str:
    """Return when its state changed; an update of the reason alone is no change."""
    at: datetime = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
