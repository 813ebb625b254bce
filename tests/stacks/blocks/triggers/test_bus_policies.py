"""A pipeline that reads another account's bucket: the bus, the rule and the roles."""

from __future__ import annotations

import pytest

from tests.stacks.blocks.triggers.rules import message_of, rules_of
from tests.stacks.deploys.features import templates_of
from tests.stacks.templates import Template, text


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The stack of the pipelines."""
    folder = tmp_path_factory.mktemp("foreign")
    return templates_of(folder / "project", folder / "out", "bucket of another account")["Pipelines"]


def test_the_bus_takes_events_of_s3_of_that_account_alone(template: Template) -> None:
    """Whatever else that account sends is refused by the policy."""
    (policy,) = template.properties("AWS::Events::EventBusPolicy")
    assert policy["Statement"]["Condition"] == {"StringEquals": {"events:source": "aws.s3"}}
    assert text(policy["Statement"]["Principal"]["AWS"]).endswith("iam::111122223333:root")


def test_the_rule_matches_that_bucket_of_that_account(template: Template) -> None:
    """So another account that may send events cannot speak for it."""
    (rule,) = rules_of(template, "aws.s3")
    pattern = rule["EventPattern"]
    assert (pattern["account"], pattern["detail"]["bucket"]) == (["111122223333"], {"name": ["team-landing"]})
    assert message_of(rule).trigger == "s3://team-landing/one/*.csv"


def test_a_role_of_jobs_reads_below_the_prefix_alone(template: Template) -> None:
    """And lists what begins like it."""
    statements = [
        one
        for policy in template.properties("AWS::IAM::Policy")
        for one in policy["PolicyDocument"]["Statement"]
        if "team-landing" in text(one["Resource"])
    ]
    assert {text(one["Resource"]).rpartition(":")[2] for one in statements} == {
        "team-landing/one/*",
        "team-landing",
    }
    (listing,) = [one for one in statements if one["Action"] == "s3:ListBucket"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["one/*"]}}
