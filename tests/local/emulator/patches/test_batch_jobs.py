"""Jobs that EventBridge's rules submit, without a cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ministack.services import eventbridge

from local.emulator.patches.batch_jobs import RefusedError, submit_for_rules
from local.emulator.services import scope
from local.paths import ACCOUNT, REGION

QUEUE = f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/q"
RULE = "every-minute"


class Calls:
    """Keeps what is submitted, and refuses it where it is told to."""

    def __init__(self) -> None:
        self.made: list[tuple[str, dict[str, Any], str]] = []
        self.error: Exception | None = None

    def __call__(self, operation: str, parameters: Mapping[str, Any], role: str) -> dict[str, Any]:
        """Answer as AWS Batch does."""
        self.made.append((operation, dict(parameters), role))
        if self.error:
            raise self.error
        return {"jobId": "j"}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """A rule by the clock that is due, with a job queue as its target, and what it submits."""
    monkeypatch.setattr(eventbridge, "_invoke_target", eventbridge._invoke_target)
    made = Calls()
    submit_for_rules(made)
    batch = {"JobDefinition": "d", "JobName": "n"}
    target = {"Id": "1", "Arn": QUEUE, "RoleArn": "role", "BatchParameters": batch}
    rule = {
        "Name": RULE,
        "Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{RULE}",
        "State": "ENABLED",
        "ScheduleExpression": "rate(1 minute)",
        "CreationTime": 0,
    }
    with scope():
        key = eventbridge._rule_key(RULE, "default")
        eventbridge._rules[key], eventbridge._targets[key] = rule, [target]
        yield made
        del eventbridge._rules[key], eventbridge._targets[key]
        eventbridge._rule_last_fired.pop((ACCOUNT, REGION, key))


def test_a_rule_by_the_clock_submits(calls: Calls) -> None:
    """As one of events does: https://docs.aws.amazon.com/batch/latest/userguide/batch-cwe-target.html."""
    eventbridge._tick_scheduled_rules()
    request = {"jobName": "n", "jobQueue": QUEUE, "jobDefinition": "d"}
    assert calls.made == [("SubmitJob", request, "role")]


@pytest.mark.parametrize("error", [RefusedError("ClientException", "no queue q"), IndexError("4")])
def test_what_is_refused_is_said_by_name(
    calls: Calls, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log, with the rule and the reason."""
    calls.error = error
    eventbridge._tick_scheduled_rules()
    assert f"the rule {RULE} could not submit its job: {error}" in caplog.text
    assert "dispatch error" not in caplog.text
