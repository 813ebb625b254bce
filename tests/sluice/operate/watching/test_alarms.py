"""Which alarms of a Sluice are raised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

from sluice.operate.watching.alarms import MAX_RAISED, read_alarms

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _alarm(name: str, **more: Any) -> dict[str, Any]:
    return {"AlarmName": name, "StateUpdatedTimestamp": AT, **more}


def test_a_page_of_each_stack_is_asked_for_by_its_name() -> None:
    """In the state ALARM; a text that there is none of is empty, and more pages are not read."""
    answers = [
        {"MetricAlarms": [_alarm("OursControl-A", StateReason="why")], "NextToken": "more"},
        {"MetricAlarms": []},
    ]
    cloudwatch = Mock(describe_alarms=Mock(side_effect=answers))
    found = read_alarms(cloudwatch, "Ours")
    asked = [call.kwargs for call in cloudwatch.describe_alarms.call_args_list]
    assert [one["AlarmNamePrefix"] for one in asked] == ["OursControl-", "OursPipelines-"]
    assert {(one["StateValue"], one["MaxRecords"]) for one in asked} == {("ALARM", MAX_RAISED)}
    (alarm,) = found.alarms
    assert (alarm.name, alarm.reason, alarm.description) == ("OursControl-A", "why", "")
    assert (alarm.since, found.more) == ("2026-01-01T12:00:00.000+00:00", True)
