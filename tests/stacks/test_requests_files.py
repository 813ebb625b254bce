"""Which jobs may read the files that come with requests, and that no upload starts anything there."""

from __future__ import annotations

import json
import re

from sluice.pipeline.definition import Manual
from sluice.triggers.inbox import REQUESTS
from tests.stacks.conftest import deployed
from tests.stacks.templates import Template, many, text

PLACE = re.compile(rf"/{REQUESTS}(?P<pipeline>[^/*?]+)/\*$")


def test_jobs_read_what_comes_with_requests_for_their_own_pipeline(pipelines: Template) -> None:
    """Of pipelines with a Manual trigger, and of no other; and nothing wider is granted there."""
    asked = [one.name for one in deployed() if any(isinstance(trigger, Manual) for trigger in one.triggers)]
    granted = {}
    for role, one in pipelines.statements():
        for resource in map(text, many(one["Resource"])):
            if f"/{REQUESTS}" in resource:
                place = PLACE.search(resource)
                assert place, f"{role} may use {resource}"
                assert set(many(one["Action"])) == {"s3:GetObject", "s3:GetObjectVersion"}
                granted[place["pipeline"]] = role
    assert sorted(granted) == sorted(asked)
    assert all(role.startswith(name.replace("-", "") + "JobsJobRole") for name, role in granted.items()), (
        granted
    )


def test_no_rule_hears_of_them(pipelines: Template) -> None:
    """They start nothing by themselves: the request does."""
    rules = [json.dumps(one) for one in pipelines.properties("AWS::Events::Rule")]
    assert rules
    assert not [rule for rule in rules if REQUESTS in rule]
