"""Quotas of Lambda, CloudWatch Logs and text messages, against what is deployed or to be deployed."""

from __future__ import annotations

from collections.abc import Iterator

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.machines.compute import compute_environments
from cli.commands.doctor.finding import Finding, error, not_checked, ok, warning
from cli.deploying.function_urls import with_webhooks
from cli.project import current_project
from sluice.pipeline.loading import load_pipelines
from stacks.configuration import Configuration, variable

# How many of Sluice's own Lambdas run concurrently at most: four each, two of those that notify and of those
# that group. New accounts have as few as 10:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_CONCURRENT_LAMBDAS = 16
# Reserving must leave so many to the functions that reserve nothing:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
KEPT_FREE = 100
_LAMBDA_CODE = "L-B99A9384"
_RESERVED_BY = {
    "the webhooks": variable("webhook_concurrency"),
    "the console": variable("console_concurrency"),
}
# "CreateLogStream throttle limit in transactions per second":
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
_LOG_STREAM_CODE = "L-76507CEF"
_SECONDS_OF_STARTS = 10
"""Longer than that many containers fail to start again and again, and use up their attempts."""
_LOCAL = "The local cloud has no quotas: its machines are this machine."
# AWS sends nothing more once it has charged this in a month; new accounts have one dollar:
# https://docs.aws.amazon.com/sns/latest/dg/channels-sms-awssupport-spend-threshold.html
_FEW_DOLLARS = 1.0
_MORE_DOLLARS = (
    "Ask for more in the console of Service Quotas: Amazon SNS, 'Account spend threshold for SMS'; then set"
    " it: aws sns set-sms-attributes --attributes MonthlySpendLimit=10"
)


def lambda_concurrency(account: Account) -> Iterator[Finding]:
    """Compare how many functions may run concurrently with Sluice's, and with what they reserve."""
    if account.local:
        yield not_checked(_LOCAL)
        return
    limit = account.lambdas.get_account_settings()["AccountLimit"]
    free = int(limit.get("UnreservedConcurrentExecutions", limit["ConcurrentExecutions"]))
    wanted = _concurrent(account)
    text = f"Lambda runs {free} functions at once that reserve nothing; Sluice's take {wanted} at most"
    if free >= wanted:
        yield ok(f"{text}.")
    else:
        yield warning(f"{text}: messages may wait.", _increase("lambda", _LAMBDA_CODE, 1000))
    yield from _reservations(account, free)


def _concurrent(account: Account) -> int:
    """Return how many messages' functions run at once at most, as they are deployed."""
    mappings = account.of_stages("AWS::Lambda::EventSourceMapping") or []
    found = [account.lambdas.get_event_source_mapping(UUID=uuid) for uuid in mappings]
    return (
        sum(int(one.get("ScalingConfig", {}).get("MaximumConcurrency", 0)) for one in found)
        or MAX_CONCURRENT_LAMBDAS
    )


def _reservations(account: Account, free: int) -> Iterator[Finding]:
    """Check whether what the functions of the next deploy reserve, and those of today do not, can be."""
    wants = _wanted(account.configuration)
    wanted = sum(wants.values())
    reserved = _reserved(account) if wanted else 0
    if wanted <= reserved:
        return
    text = (
        f"{wanted} functions are to be reserved for {' and '.join(wants)}, {reserved} of which are;"
        f" {free - wanted + reserved} stay for all that reserve nothing"
    )
    if free - (wanted - reserved) >= KEPT_FREE:
        yield ok(f"{text}.")
        return
    yield error(
        f"{text}, and Lambda refuses a deploy that leaves fewer than {KEPT_FREE}.",
        f"Deploy with a smaller {' or '.join(_RESERVED_BY[one] for one in wants)}, or"
        f" {_increase('lambda', _LAMBDA_CODE, 1000)}",
    )


def _wanted(configuration: Configuration) -> dict[str, int]:
    """Return how much the next deploy reserves, by what for."""
    hooks = bool(configuration.webhooks and configuration.webhook_concurrency)
    names = with_webhooks(load_pipelines(current_project().root, configuration.offered)) if hooks else []
    found = {
        "the webhooks": (configuration.webhook_concurrency or 0) * len(names),
        "the console": (configuration.console_concurrency or 0) if configuration.console else 0,
    }
    return {what: number for what, number in found.items() if number}


def _reserved(account: Account) -> int:
    """Return how much Sluice's deployed functions reserve."""
    functions = account.of_stages("AWS::Lambda::Function") or []
    found = (account.lambdas.get_function_concurrency(FunctionName=name) for name in functions)
    return sum(int(one.get("ReservedConcurrentExecutions", 0)) for one in found)


def log_streams(account: Account) -> Iterator[Finding]:
    """Compare how many log streams a second the account may make with how many containers may start at once:
    the log driver makes a stream for each, and one that gets none does not start.
    """
    if account.local:
        yield not_checked(_LOCAL)
        return
    found = account.quotas.get_service_quota(ServiceCode="logs", QuotaCode=_LOG_STREAM_CODE)
    quota = int(found["Quota"]["Value"])
    environments = [one.get("computeResources") or {} for one in compute_environments(account) or []]
    configured = account.configuration.max_vcpus_spot + account.configuration.max_vcpus_on_demand
    most = sum(one.get("maxvCpus", 0) for one in environments) or configured
    text = (
        f"CloudWatch Logs makes {quota} log streams a second for this account; {most} containers of one vCPU"
        " may start at once"
    )
    if most <= quota * _SECONDS_OF_STARTS:
        yield ok(f"{text}.")
    else:
        wanted = -(-most // _SECONDS_OF_STARTS)
        yield warning(
            f"{text}: those beyond cannot start and are tried again.",
            _increase("logs", _LOG_STREAM_CODE, wanted),
        )


def text_messages(account: Account) -> Iterator[Finding]:
    """Check whether AWS sends the text messages: what it may spend, and to whom while in the sandbox."""
    phones = _phones(account)
    if not phones:
        yield ok("No phone is to get text messages.")
        return
    if account.local:
        yield not_checked("The local cloud sends no text messages: it keeps them.")
        return
    attributes = account.sns.get_sms_attributes()["attributes"]
    dollars = float(attributes.get("MonthlySpendLimit", _FEW_DOLLARS))
    text = f"AWS sends text messages for at most ${dollars:g} a month"
    if dollars <= _FEW_DOLLARS:
        yield warning(f"{text}, and none beyond.", _MORE_DOLLARS)
    else:
        yield ok(f"{text}.")
    yield from _sandbox(account, phones)


def _phones(account: Account) -> list[str]:
    """Return the numbers that are subscribed, or that the next deploy subscribes."""
    topics = account.resources("Control", "AWS::SNS::Topic", "Alerts") or []
    paginator = account.sns.get_paginator("list_subscriptions_by_topic")
    pages = (page for topic in topics for page in paginator.paginate(TopicArn=topic))
    found = [one for page in pages for one in page["Subscriptions"]]
    deployed = [str(one.get("Endpoint")) for one in found if one.get("Protocol") == "sms"]
    configured = account.configuration.alert_phone
    return deployed or ([configured] if configured else [])


def _sandbox(account: Account, phones: list[str]) -> Iterator[Finding]:
    """Check the sandbox, in which only verified numbers get messages.

    https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html
    """
    if not account.sns.get_sms_sandbox_account_status()["IsInSandbox"]:
        yield ok("The account is out of the sandbox for text messages.")
        return
    pages = account.sns.get_paginator("list_sms_sandbox_phone_numbers").paginate()
    numbers = [one for page in pages for one in page["PhoneNumbers"]]
    verified = {one["PhoneNumber"] for one in numbers if one.get("Status") == "Verified"}
    for phone in phones:
        if phone in verified:
            yield ok(f"{phone} is verified in the sandbox for text messages.")
        else:
            yield warning(
                f"The account is in the sandbox for SMS, where {phone} is not verified: it gets none.",
                f"aws sns create-sms-sandbox-phone-number --phone-number {phone}, then"
                " verify-sms-sandbox-phone-number; or leave the sandbox in SNS's console.",
            )


def _increase(service: str, code: str, value: int) -> str:
    return (
        f"aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code}"
        f" --desired-value {value}"
    )
