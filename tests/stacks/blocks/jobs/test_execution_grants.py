"""Which secrets and images an execution role may read."""

from __future__ import annotations

from typing import Any

from tests.stacks.everything import KEY, SECRET
from tests.stacks.templates import Template, many, text


def statements_of(template: Template, role: str) -> dict[str, list[Any]]:
    """Return what a role may do: the resources by the action."""
    found: dict[str, list[Any]] = {}
    for owner, statement in template.statements():
        for action in many(statement["Action"]) if role in owner else []:
            found.setdefault(action, []).extend(text(one) for one in many(statement["Resource"]))
    return found


def test_a_start_may_read_the_secrets_that_are_named_and_no_others(everything: dict[str, Template]) -> None:
    """One resource for each; the six characters that only AWS knows are a pattern for exactly those."""
    allowed = statements_of(everything["Pipelines"], "ExecutionRole")
    here = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret"
    assert sorted(allowed["secretsmanager:GetSecretValue"]) == sorted(
        [f"{here}:my-app/key-??????", f"{here}:my-app/login-??????", f"{here}:ours-??????", SECRET]
    )
    assert allowed["ssm:GetParameters"] == [
        "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/my-app/key"
    ]
    assert allowed["kms:Decrypt"] == [KEY]


def test_secrets_reach_the_job_by_their_address(everything_jobs: dict[str, dict[str, Any]]) -> None:
    """No value is in the template, only where Batch finds it."""
    here = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret"
    assert {
        one["Name"]: text(one["ValueFrom"])
        for one in everything_jobs["secret"]["ContainerProperties"]["Secrets"]
    } == {
        "NAME": f"{here}:my-app/key",
        "FIELD": f"{here}:my-app/login:password::",
        "THEIRS": f"{SECRET}:user::",
        "PARAMETER": "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/my-app/key",
        "OURS": f"{here}:ours",
    }


def test_a_start_may_pull_from_the_registry_that_is_named(everything: dict[str, Template]) -> None:
    """The repository of another account and Region, by its own ARN."""
    pulled = statements_of(everything["Pipelines"], "ExecutionRole")["ecr:BatchGetImage"]
    assert "arn:<AWS::Partition>:ecr:eu-central-1:111122223333:repository/team/tool" in pulled
