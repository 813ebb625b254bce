"""Every check sees what is well and what is not; a refused call is a finding, never a traceback."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.run_checks import BEFORE_DEPLOYS, CHECKS, run_checks
from cli.commands.doctor.finding import Level
from stacks.configuration import Configuration
from tests.cli.commands.doctor.fake_account import WELL, WELL_DOCKER, FakeAccount, findings_of, refused


def test_a_healthy_account_is_well_in_every_respect() -> None:
    """Every check says so."""
    checked = list(run_checks(Account(FakeAccount().client, Configuration(), WELL_DOCKER)))
    assert {one.level for _, one in checked} == {Level.OK}
    assert {name for name, _ in checked} == set(CHECKS)


# Of addresses and webhooks AWS is asked only for a repository with a webhook: test_public_addresses.py; of
# buckets and results only for one that reads or has some: test_buckets.py, test_results_buckets.py.
UNASKED = ("credentials", "addresses", "webhooks", "buckets", "results", "Docker", "emulation")


@pytest.mark.parametrize("name", [name for name in CHECKS if name not in UNASKED])
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_call_that_is_not_permitted_is_a_finding(name: str, code: str) -> None:
    """It is not called well, and the other checks go on."""
    no = dict.fromkeys(
        [*WELL, "ListStackResources"], refused(code, "User: me is not authorized to perform: x:Y")
    )
    findings = findings_of(CHECKS[name], **no)
    assert [level for level, _, _ in findings] == [Level.WARNING]
    assert "is not permitted" in findings[0][1]
    assert "docs/cli.md" in findings[0][2]


def test_before_the_deployment_the_account_is_checked_and_the_rest_says_that_it_is_not() -> None:
    """Nothing that is not there is called well."""
    gone = refused("ValidationError", "Stack with id SluiceCompute does not exist")
    account = FakeAccount(ListStackResources=gone, DescribeStacks=gone)
    checked = list(run_checks(Account(account.client, Configuration(), WELL_DOCKER)))
    unchecked = {name for name, one in checked if one.level is Level.NOT_CHECKED}
    well = {
        "credentials",
        "bootstrap",
        "service roles",
        "vCPU quotas",
        "Lambda quota",
        "log streams",
        "text messages",
        "Docker",
        "emulation",
        "addresses",
        "webhooks",
        "buckets",
        "results",
    }
    assert {name for name, one in checked if one.level is Level.OK} == well == set(BEFORE_DEPLOYS)
    assert unchecked == set(CHECKS) - well


@pytest.mark.parametrize("answer", [refused("ExpiredToken", "expired"), lambda _: NoCredentialsError()])
def test_without_usable_credentials_nothing_more_is_checked(answer: Any) -> None:
    """One finding, which says what to do."""
    checked = list(run_checks(Account(FakeAccount(GetCallerIdentity=answer).client, Configuration())))
    assert [(name, one.level) for name, one in checked] == [("credentials", Level.ERROR)]
    assert checked[0][1].fix


def test_what_the_local_cloud_lacks_is_not_checked_and_not_called_well() -> None:
    """Nor is it a finding that something is to be done about."""
    account = Account(
        FakeAccount("http://127.0.0.1:4566", GetEventSourceMapping=refused("UnknownOperation", "no")).client,
        Configuration(),
    )
    checked = list(run_checks(account))
    assert {name for name, one in checked if one.level is Level.NOT_CHECKED} == {
        "service roles",
        "vCPU quotas",
        "Lambda quota",
        "log streams",
        "Docker",
        "emulation",
        "readers",
    }
    assert {one.level for _, one in checked} == {Level.OK, Level.NOT_CHECKED}
