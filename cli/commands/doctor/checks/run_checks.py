"""Runs all checks in order, and makes a finding of a call that AWS refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from cli.commands.doctor.account import Account, Check
from cli.commands.doctor.checks import alerts
from cli.commands.doctor.checks.account import quotas, setup, vcpu_quotas
from cli.commands.doctor.checks.files import buckets, results_buckets
from cli.commands.doctor.checks.files.reconciles import reconciles
from cli.commands.doctor.checks.machines import compute, images
from cli.commands.doctor.checks.network import public_addresses, subnets
from cli.commands.doctor.finding import Finding, Level, error, not_checked
from cli.commands.doctor.finding import refused as refused_check
from cli.errors import explained

CHECKS: Mapping[str, Check] = {
    "credentials": setup.credentials,
    "bootstrap": setup.bootstrap,
    "service roles": setup.service_linked_roles,
    "vCPU quotas": vcpu_quotas.vcpus,
    "Lambda quota": quotas.lambda_concurrency,
    "log streams": quotas.log_streams,
    "text messages": quotas.text_messages,
    "Docker": images.docker,
    "emulation": images.emulation,
    "addresses": public_addresses.addresses,
    "webhooks": public_addresses.concurrency,
    "results": results_buckets.results,
    "buckets": buckets.connected,
    "stacks": setup.stacks,
    "console": public_addresses.console,
    "environments": compute.environments,
    "queues": compute.queues,
    "blocked": compute.blocked,
    "machine roles": compute.machine_roles,
    "subnets": subnets.subnets,
    "subscriptions": alerts.subscriptions,
    "dead letters": alerts.dead_letters,
    "readers": alerts.readers,
    "reconcile": reconciles,
}
BEFORE_DEPLOYS = tuple(CHECKS)[: tuple(CHECKS).index("stacks")]
"""What can be checked before there are stacks."""
_DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
)
_NO_ACCESS = (
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)


def run_checks(account: Account, checks: Mapping[str, Check] = CHECKS) -> Iterator[tuple[str, Finding]]:
    """Yield what each check finds; without credentials nothing more is checked."""
    for name, check in checks.items():
        findings, has_access = _findings(account, check)
        yield from ((name, finding) for finding in findings)
        if not has_access:
            return


def is_problem(finding: Finding) -> bool:
    """Return whether something has to be done about it."""
    return finding.level in (Level.WARNING, Level.ERROR)


def _findings(account: Account, check: Check) -> tuple[list[Finding], bool]:
    """Return what a check finds, up to a call that is refused, and whether more can be checked."""
    findings: list[Finding] = []
    try:
        for finding in check(account):
            findings.append(finding)  # noqa: PERF402 - what was found before a refused call stays
    except (NoCredentialsError, NoRegionError) as missing:
        return [error(explained(missing), "Run `aws configure`, or set AWS_PROFILE and AWS_REGION.")], False
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        if code in _NO_ACCESS:
            fix = "Renew the credentials: `aws sso login`, or `aws configure`."
            return [error(explained(refused), fix)], False
        findings.append(_refused(account, refused, code))
    except BotoCoreError as unanswered:
        findings.append(_unanswered(account, str(unanswered)))
    return findings, True


def _refused(account: Account, refused: ClientError, code: str) -> Finding:
    call, text = refused.operation_name, refused.response["Error"].get("Message", "").rstrip(".")
    if code in _DENIED:
        return refused_check(
            f"{call} is not permitted: {text}.",
            "docs/cli.md lists what `sluice doctor` must be allowed to do.",
        )
    return _unanswered(account, f"{call} was answered with {code}: {text}")


def _unanswered(account: Account, text: str) -> Finding:
    if account.local:
        return not_checked(f"The local cloud does not answer this: {text}.")
    return refused_check(f"{text.rstrip('.')}.", "Try again.")
