"""The account, the CDK's bootstrap, the service roles and the stacks."""

from __future__ import annotations

import pytest

from cli.commands.doctor.account import Check
from cli.commands.doctor.checks.account import setup
from cli.commands.doctor.finding import Level
from tests.cli.commands.doctor.fake_account import (
    Answers,
    assert_problem,
    refused,
)

PROBLEMS: dict[str, tuple[Check, Answers, Level, str]] = {
    "no bootstrap": (
        setup.bootstrap,
        {"GetParameter": refused("ParameterNotFound")},
        Level.WARNING,
        "not bootstrapped",
    ),
    "an old bootstrap": (
        setup.bootstrap,
        {"GetParameter": {"Parameter": {"Value": "5"}}},
        Level.WARNING,
        "6 or newer",
    ),
    "an odd bootstrap": (
        setup.bootstrap,
        {"GetParameter": {"Parameter": {"Value": "new"}}},
        Level.WARNING,
        "version new",
    ),
    "no service role": (
        setup.service_linked_roles,
        {"GetRole": refused("NoSuchEntity")},
        Level.WARNING,
        "AWSServiceRoleForBatch does not exist",
    ),
    "a failed stack": (
        setup.stacks,
        {"DescribeStacks": {"Stacks": [{"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}]}},
        Level.ERROR,
        "ROLLBACK",
    ),
    "a stack in progress": (
        setup.stacks,
        {"DescribeStacks": {"Stacks": [{"StackStatus": "UPDATE_IN_PROGRESS"}]}},
        Level.WARNING,
        "is being deployed",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_a_finding_with_its_fix(name: str) -> None:
    """At its level."""
    assert_problem(*PROBLEMS[name])
