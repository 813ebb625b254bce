"""Quotas: how many vCPUs EC2 gives this account, and how many functions Lambda runs at once."""

from __future__ import annotations

from collections.abc import Iterator

from cli.commands.doctor.checks.account import Account
from cli.commands.doctor.checks.compute import compute_environments
from cli.commands.doctor.checks.finding import Finding, error, not_checked, ok, warning

# https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html: in vCPUs, of A, C, D, H, I,
# M, R, T and Z
_EC2 = {"SPOT": "L-34B43A08", "EC2": "L-1216C47A"}
_WORDS = {"SPOT": "spot", "EC2": "on-demand"}
# How many of Sluice's own Lambdas run concurrently at most: four each, two of those that notify. New accounts
# have as few as 10:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_CONCURRENT_LAMBDAS = 14
_LAMBDA_CODE = "L-B99A9384"


def vcpus(account: Account) -> Iterator[Finding]:
    """Compare EC2's quotas with what the compute environments, deployed or to be deployed, may grow to."""
    if account.local:
        yield not_checked("The local cloud has no quotas: its machines are this machine.")
        return
    for kind, code in _EC2.items():
        quota = account.quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]
        yield _compared(kind, code, int(quota), _wanted(account, kind))


def _wanted(account: Account, kind: str) -> int:
    deployed = [
        one["computeResources"] for one in compute_environments(account) or [] if one.get("computeResources")
    ]
    if deployed:
        return sum(one.get("maxvCpus", 0) for one in deployed if one.get("type") == kind)
    configured = account.configuration
    return configured.max_vcpus_spot if kind == "SPOT" else configured.max_vcpus_on_demand


def _compared(kind: str, code: str, quota: int, wanted: int) -> Finding:
    text = (
        f"EC2 gives this account {quota} {_WORDS[kind]} vCPUs; the compute environments may grow to {wanted}"
    )
    if quota >= wanted:
        return ok(f"{text}.")
    fix = _increase("ec2", code, wanted)
    return (
        error(f"{text}: no machine can start.", fix)
        if quota < 1
        else warning(f"{text}: jobs beyond the quota wait as RUNNABLE.", fix)
    )


def lambda_concurrency(account: Account) -> Iterator[Finding]:
    """Check how many functions may run concurrently."""
    if account.local:
        yield not_checked("The local cloud has no quotas: its machines are this machine.")
        return
    limit = account.lambdas.get_account_settings()["AccountLimit"]
    free = int(limit.get("UnreservedConcurrentExecutions", limit["ConcurrentExecutions"]))
    text = (
        f"Lambda runs {free} functions at once that reserve nothing; Sluice's take"
        f" {MAX_CONCURRENT_LAMBDAS} at most"
    )
    if free >= MAX_CONCURRENT_LAMBDAS:
        yield ok(f"{text}.")
    else:
        yield warning(f"{text}: messages may wait.", _increase("lambda", _LAMBDA_CODE, 1000))


def _increase(service: str, code: str, value: int) -> str:
    ask = (
        f"aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code}"
        f" --desired-value {value}"
    )
    return (
        f"{ask}; or deploy with smaller SLUICE_MAX_VCPUS_SPOT and SLUICE_MAX_VCPUS_ON_DEMAND."
        if service == "ec2"
        else ask
    )
