"""Quotas of EC2 and Lambda."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from cli.commands.doctor.checks import quotas
from cli.commands.doctor.checks.account import Account, Check
from cli.commands.doctor.checks.finding import Level
from cli.commands.doctor.checks.run_checks import run_checks
from stacks.configuration import Configuration
from tests.cli.commands.doctor.fake_account import (
    Answers,
    FakeAccount,
    assert_problem,
    findings_of,
    refused,
)

PROBLEMS: dict[str, tuple[Check, Answers, Level, str]] = {
    "no vCPUs": (
        quotas.vcpus,
        {"GetServiceQuota": {"Quota": {"Value": 0.0}}},
        Level.ERROR,
        "no machine can start",
    ),
    "few vCPUs": (
        quotas.vcpus,
        {"GetServiceQuota": {"Quota": {"Value": 5.0}}},
        Level.WARNING,
        "5 spot vCPUs; the",
    ),
    "few functions": (
        quotas.lambda_concurrency,
        {"GetAccountSettings": {"AccountLimit": {"ConcurrentExecutions": 10}}},
        Level.WARNING,
        "10 functions at once",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_a_finding_with_its_fix(name: str) -> None:
    """At its level."""
    assert_problem(*PROBLEMS[name])


def test_the_quota_is_compared_with_what_is_configured_before_the_deployment() -> None:
    """The next deploy would ask for it."""
    gone = refused("ValidationError", "does not exist")
    account = Account(FakeAccount(ListStackResources=gone).client, Configuration(max_vcpus_spot=5000))
    levels = [one.level for _, one in run_checks(account, {"quotas": quotas.vcpus})]
    assert levels == [Level.WARNING, Level.OK]


def test_an_account_that_does_not_answer_is_a_finding() -> None:
    """The other checks go on."""
    [(level, text, _)] = findings_of(
        quotas.vcpus, GetServiceQuota=lambda _: EndpointConnectionError(endpoint_url="https://quotas")
    )
    assert (level, "Not checked" in text) == (Level.WARNING, True)
