"""Whether the Region has function URLs for webhooks, and what bounds these and the console."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.network import public_addresses
from cli.commands.doctor.finding import Level
from sluice.pipeline.definition import Job, Manual, Pipeline, Step, Webhook
from stacks.configuration import Configuration
from tests.cli.commands.doctor.fake_account import FakeAccount, findings_of, refused


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with one pipeline that has a webhook, and one that has none."""
    steps: list[Step] = [Job("a", image="busybox", command=["true"])]
    pipelines = [
        Pipeline(name="hooked", triggers=[Webhook()], steps=steps),
        Pipeline(name="manual", triggers=[Manual()], steps=steps),
    ]
    monkeypatch.setattr(public_addresses, "load_pipelines", lambda _: pipelines)


@pytest.mark.parametrize(
    ("answer", "level", "says"),
    [
        (
            refused("TypeNotFoundException"),
            Level.ERROR,
            "URLs, which the webhooks of hooked need",
        ),
        ({"Type": "RESOURCE"}, Level.OK, "The Region has function URLs, for hooked."),
        (refused("AccessDenied", "no"), Level.WARNING, "DescribeType is not permitted"),
    ],
)
@pytest.mark.usefixtures("hooked")
def test_a_region_without_addresses_is_found_beforehand(answer: Any, level: Level, says: str) -> None:
    """By what CloudFormation knows there."""
    ((found_level, text, _),) = findings_of(public_addresses.addresses, DescribeType=answer)
    assert (found_level, says in text) == (level, True), text


@pytest.mark.usefixtures("hooked")
def test_addresses_that_are_left_out_are_not_checked() -> None:
    """SLUICE_WEBHOOKS=false."""
    account = Account(
        FakeAccount(DescribeType=refused("TypeNotFoundException")).client, Configuration(webhooks=False)
    )
    assert [one.level for one in public_addresses.addresses(account)] == [Level.OK]


@pytest.mark.parametrize(
    ("whole", "free", "fix"),
    [
        (1000, 900, "Deploy with SLUICE_WEBHOOK_CONCURRENCY=10"),
        (1000, 104, "Deploy with SLUICE_WEBHOOK_CONCURRENCY=4"),
        (10, 10, "The account has nothing to reserve"),
    ],
)
@pytest.mark.usefixtures("hooked")
def test_webhooks_that_nothing_bounds_are_a_warning_with_the_accounts_number(
    whole: int, free: int, fix: str
) -> None:
    """A new account has ten functions at once, of which none can be reserved."""
    limit = {"ConcurrentExecutions": whole, "UnreservedConcurrentExecutions": free}
    answer = {"AccountLimit": limit}
    ((level, text, found),) = findings_of(public_addresses.concurrency, GetAccountSettings=answer)
    assert (level, found.startswith(fix)) == (Level.WARNING, True)
    assert (
        f"use up all {free} functions that this account runs at once without reserving (of {whole})" in text
    )


@pytest.mark.usefixtures("hooked")
def test_bounded_webhooks_are_well() -> None:
    """SLUICE_WEBHOOK_CONCURRENCY=7."""
    account = Account(FakeAccount().client, replace(Configuration(), webhook_concurrency=7))
    (found,) = public_addresses.concurrency(account)
    assert (found.level, "at most 7" in found.text) == (Level.OK, True)


_FUNCTION = {
    "ResourceType": "AWS::Lambda::Function",
    "LogicalResourceId": "ConsoleFunction1A",
    "PhysicalResourceId": "Sluice-console",
}


def _console(configuration: Configuration, **answers: Any) -> list[tuple[Level, str, str]]:
    account = Account(
        FakeAccount(ListStackResources={"StackResourceSummaries": [_FUNCTION]}, **answers).client,
        configuration,
    )
    return [(one.level, one.text, one.fix) for one in public_addresses.console(account)]


@pytest.mark.parametrize(
    ("configured", "reserved", "level", "says"),
    [
        (5, 5, Level.OK, "at most 5 requests"),
        (5, None, Level.WARNING, "answers any number of requests at a time, and the settings say 5"),
        (None, 7, Level.WARNING, "answers 7 requests at a time, and the settings say any number"),
        (None, None, Level.WARNING, "can use up all 900 functions"),
        (5, 0, Level.ERROR, "answers nobody"),
    ],
)
def test_the_deployed_console_is_bounded_as_the_settings_say(
    configured: int | None, reserved: int | None, level: Level, says: str
) -> None:
    """Its address is public, and every request to it takes a function."""
    configuration = replace(Configuration(), console=True, console_concurrency=configured)
    answer = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
    ((found, text, fix),) = _console(configuration, GetFunctionConcurrency=answer)
    assert (found, says in text) == (level, True), text
    assert ("SLUICE_CONSOLE_CONCURRENCY=10" in fix) == (
        says in ("can use up all 900 functions", "answers nobody")
    )


def test_a_console_that_the_settings_forgot_is_a_warning() -> None:
    """The next deploy would take it away; one that is not deployed is well, wanted or not."""
    (found, bound) = _console(Configuration(), GetFunctionConcurrency={"ReservedConcurrentExecutions": 5})
    assert (found[0], "the next deploy takes it away" in found[1]) == (Level.WARNING, True)
    assert "SLUICE_CONSOLE=true" in found[2]
    assert bound[0] is Level.OK
    for configuration, says in (
        (Configuration(), "no address."),
        (replace(Configuration(), console=True), "gets one"),
    ):
        (well,) = public_addresses.console(Account(FakeAccount().client, configuration))
        assert (well.level, says in well.text) == (Level.OK, True)
