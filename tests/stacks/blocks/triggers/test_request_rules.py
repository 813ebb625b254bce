"""Requests fill the trigger queue, also those that are refused."""

from __future__ import annotations

import pytest

from sluice.errors import MalformedMessageError
from sluice.pipeline.definition import Manual
from sluice.triggers.trigger_event import Request, parse_trigger
from tests.stacks.blocks.triggers.rules import request_rules, requests
from tests.stacks.synthesis import deployed
from tests.stacks.templates import Template


def test_a_request_reaches_the_trigger_queue_as_the_message_that_is_read_there(pipelines: Template) -> None:
    """Each pipeline with a Manual trigger has a rule, and all other requests have one, whose message is
    refused by name.
    """
    found = requests(pipelines)
    manual = {one.name for one in deployed() if any(isinstance(trigger, Manual) for trigger in one.triggers)}
    assert manual
    assert found.keys() == manual | {"unknown"}
    with pytest.raises(MalformedMessageError, match="a pipeline with a Manual trigger, found 'p'"):
        parse_trigger(found.pop("unknown"))
    assert all(parse_trigger(message) == Request(token="t", input=5) for message in found.values())


def test_every_request_matches_one_rule(pipelines: Template) -> None:
    """A request for a pipeline that is not there is not swallowed."""
    patterns = [rule["EventPattern"] for rule in request_rules(pipelines)]
    assert [pattern["detail"]["stack_prefix"] for pattern in patterns] == [
        ["Sluice", {"exists": False}]
    ] * len(patterns)
    matched = [one for pattern in patterns for one in pattern["detail"]["pipeline"]]
    names = sorted(one for one in matched if isinstance(one, str))
    assert [one for one in matched if not isinstance(one, str)] == [
        {"anything-but": names},
        {"exists": False},
    ]
