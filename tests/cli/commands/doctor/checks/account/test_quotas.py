"""Quotas of Lambda, log streams and text messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.account import quotas
from cli.commands.doctor.finding import Finding, Level
from sluice.pipeline.definition import Job, Pipeline, Step, Webhook
from stacks.configuration import Configuration
from tests.cli.commands.doctor.fake_account import RESOURCES, FakeAccount, findings_of, refused

PHONE = "+15550100199"
SMS = {"Subscriptions": [{"Protocol": "sms", "Endpoint": PHONE, "SubscriptionArn": "arn:x"}]}


def limits(whole: int, free: int | None = None) -> dict[str, Any]:
    """Return Lambda's answer about an account."""
    unreserved = {} if free is None else {"UnreservedConcurrentExecutions": free}
    return {"AccountLimit": {"ConcurrentExecutions": whole, **unreserved}}


def test_functions_are_compared_with_what_is_deployed() -> None:
    """How many messages the queues' functions handle at once, as their mappings say."""
    mapping = {"State": "Enabled", "ScalingConfig": {"MaximumConcurrency": 30}}
    [(level, text, _)] = findings_of(
        quotas.lambda_concurrency, GetEventSourceMapping=mapping, GetAccountSettings=limits(20)
    )
    assert (level, "20 functions at once" in text, "take 30 at most" in text) == (Level.WARNING, True, True)


def test_a_new_account_has_too_few_functions_before_the_first_deploy() -> None:
    """Nothing is deployed to compare with: then what the next deploy brings."""
    gone = refused("ValidationError", "does not exist")
    [(level, text, _)] = findings_of(
        quotas.lambda_concurrency, ListStackResources=gone, GetAccountSettings=limits(10)
    )
    assert (level, f"take {quotas.MAX_CONCURRENT_LAMBDAS} at most" in text) == (Level.WARNING, True)


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of two pipelines with webhooks, one function of which is deployed."""
    steps: list[Step] = [Job("a", image="busybox", command=["true"])]
    pipelines = [Pipeline(name=name, triggers=[Webhook()], steps=steps) for name in ("a", "b")]
    monkeypatch.setattr(quotas, "load_pipelines", lambda *_: pipelines)
    monkeypatch.setitem(RESOURCES, "SluicePipelines", [("AWS::Lambda::Function", "aWebhook", "a-webhook")])


def reservations(each: int | None, console: int | None = None, **answers: Any) -> list[Finding]:
    """Return what is found of a deploy that reserves ``each`` for a webhook, and so much for the console."""
    given = replace(
        Configuration(),
        webhook_concurrency=each,
        console=console is not None,
        console_concurrency=console,
    )
    account = Account(FakeAccount(**answers).client, given)
    return [one for one in quotas.lambda_concurrency(account) if "to be reserved" in one.text]


@pytest.mark.usefixtures("hooked")
def test_what_the_functions_reserve_must_leave_a_hundred() -> None:
    """Those that have their reservation take nothing more; Lambda refuses the rest, so the deploy would
    fail.
    """
    has = {"ReservedConcurrentExecutions": 40}
    [well] = reservations(40, GetAccountSettings=limits(1000, 140), GetFunctionConcurrency=has)
    assert (
        well.level,
        "80 functions are to be reserved for the webhooks, 40 of which are; 100 stay" in well.text,
    ) == (
        Level.OK,
        True,
    )
    [ill] = reservations(41, GetAccountSettings=limits(1000, 140), GetFunctionConcurrency=has)
    assert (ill.level, "SLUICE_WEBHOOK_CONCURRENCY" in ill.fix) == (Level.ERROR, True)
    assert reservations(20, GetAccountSettings=limits(1000, 140), GetFunctionConcurrency=has) == []


@pytest.mark.usefixtures("hooked")
def test_what_the_console_reserves_counts_with_the_webhooks() -> None:
    """One function of today has its forty, which are enough for the webhooks, or for the console, alone."""
    has = {"ReservedConcurrentExecutions": 40}
    account: dict[str, Any] = {"GetAccountSettings": limits(1000, 110), "GetFunctionConcurrency": has}
    assert reservations(20, **account) == []
    assert reservations(None, 40, **account) == []
    [both] = reservations(20, 40, **account)
    assert (both.level, "for the webhooks and the console, 40 of which are; 70 stay" in both.text) == (
        Level.ERROR,
        True,
    )
    assert "SLUICE_WEBHOOK_CONCURRENCY or SLUICE_CONSOLE_CONCURRENCY" in both.fix
    [console] = reservations(None, 51, **account)
    assert "smaller SLUICE_CONSOLE_CONCURRENCY" in console.fix


@pytest.mark.parametrize(("quota", "level"), [(25.0, Level.WARNING), (26.0, Level.OK)])
def test_log_streams_are_compared_with_what_the_environments_may_grow_to(quota: float, level: Level) -> None:
    """A container that gets no stream does not start; 256 vCPUs are deployed."""
    [(found, text, fix)] = findings_of(quotas.log_streams, GetServiceQuota={"Quota": {"Value": quota}})
    assert (found, "256 containers" in text) == (level, True)
    assert ("L-76507CEF --desired-value 26" in fix) is (level is Level.WARNING)


@pytest.mark.parametrize(
    ("answers", "levels", "says"),
    [
        ({}, [Level.OK, Level.OK], "out of the sandbox"),
        ({"GetSMSAttributes": {"attributes": {}}}, [Level.WARNING, Level.OK], "at most $1 a month"),
        (
            {"GetSMSSandboxAccountStatus": {"IsInSandbox": True}, "ListSMSSandboxPhoneNumbers": []},
            [Level.OK, Level.WARNING],
            f"{PHONE} is not verified",
        ),
        (
            {"GetSMSSandboxAccountStatus": {"IsInSandbox": True}, "ListSMSSandboxPhoneNumbers": ["Verified"]},
            [Level.OK, Level.OK],
            "is verified",
        ),
    ],
)
def test_text_messages_may_cost_something_and_reach_the_number(
    answers: dict[str, Any], levels: list[Level], says: str
) -> None:
    """The number that is subscribed."""
    numbers = [{"PhoneNumber": PHONE, "Status": one} for one in answers.pop("ListSMSSandboxPhoneNumbers", [])]
    found = findings_of(
        quotas.text_messages,
        ListSubscriptionsByTopic=SMS,
        ListSMSSandboxPhoneNumbers={"PhoneNumbers": numbers},
        **answers,
    )
    assert [level for level, _, _ in found] == levels
    assert any(says in text for _, text, _ in found)


def test_nothing_is_asked_about_text_messages_that_nobody_gets() -> None:
    """Neither deployed nor configured."""
    [(level, _, _)] = findings_of(quotas.text_messages)
    assert level is Level.OK
