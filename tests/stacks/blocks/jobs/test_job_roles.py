"""What the jobs of a pipeline may do, and that it is of no other pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluice.pipeline.definition import Manual
from sluice.triggers.inbox import REQUESTS
from tests.stacks.synthesis import deployed
from tests.stacks.templates import Template, many, text


def test_jobs_of_a_pipeline_share_roles_with_no_other(pipelines: Template) -> None:
    """Each pipeline has its own role for its programs, for its cleanup and for starting containers, and its
    own log group.

    A start job has two more: it may submit, and its image is another.
    """
    seen: dict[str, set[str]] = {}
    for definition in pipelines.properties("AWS::Batch::JobDefinition"):
        container = definition["ContainerProperties"]
        owner = next(
            one.name
            for one in deployed()
            if definition["JobDefinitionName"].startswith(f"sluice-{one.name}-")
        )
        own = [
            container["JobRoleArn"],
            container["ExecutionRoleArn"],
            container["LogConfiguration"]["Options"]["awslogs-group"],
        ]
        seen.setdefault(owner, set()).update(text(one) for one in own)
    expected = {one.name: 6 if one.submit_from == "start-job" else 4 for one in deployed()}
    assert {name: len(own) for name, own in seen.items()} == expected
    assert sum(len(own) for own in seen.values()) == len(set.union(*seen.values()))


LOCATION = re.compile(rf"/{REQUESTS}(?P<pipeline>[^/*?]+)/\*$")


def _of_requests(pipelines: Template) -> Iterator[tuple[str, str, set[str]]]:
    for role, one in pipelines.statements():
        for resource in map(text, many(one["Resource"])):
            if f"/{REQUESTS}" in resource:
                yield role, resource, set(many(one["Action"]))


def test_jobs_read_what_comes_with_requests_for_their_own_pipeline(pipelines: Template) -> None:
    """Of pipelines with a Manual trigger, and of no other; and nothing wider is granted there."""
    manual = [one.name for one in deployed() if any(isinstance(trigger, Manual) for trigger in one.triggers)]
    granted = {}
    for role, resource, actions in _of_requests(pipelines):
        location = LOCATION.search(resource)
        assert location, f"{role} may use {resource}"
        assert actions == {"s3:GetObject", "s3:GetObjectVersion"}
        granted[location["pipeline"]] = role
    assert sorted(granted) == sorted(manual)
    assert all(role.startswith(name.replace("-", "") + "JobsJobRole") for name, role in granted.items()), (
        granted
    )


def test_roles_of_jobs_are_for_tasks_of_this_account_only(pipelines: Template) -> None:
    """Execution roles too: another account's tasks cannot make AWS use them."""
    trusts = [
        statement
        for role in pipelines.properties("AWS::IAM::Role")
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
        if statement["Principal"].get("Service") == "ecs-tasks.amazonaws.com"
    ]
    wanted = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert trusts
    assert [one for one in trusts if one.get("Condition") != wanted] == []


def test_a_condition_on_items_is_not_met_by_a_request_that_names_none(
    pipelines: Template, control: Template
) -> None:
    """ "For all" is true of nothing at all, so that a scan would pass: the key must be there."""
    conditions = [
        statement["Condition"]
        for template in (pipelines, control)
        for _, statement in template.statements()
        if "dynamodb:LeadingKeys" in str(statement.get("Condition"))
    ]
    assert conditions
    assert [one for one in conditions if one["Null"].get("dynamodb:LeadingKeys") != "false"] == []
