"""All checks in order, and what becomes of a call that AWS refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from cli.checks import account, addresses, compute, network, quotas, telling
from cli.checks.finding import Check, Finding, Level, Patient, error, not_checked, warning
from cli.failures import explained

CHECKS: Mapping[str, Check] = {
    "credentials": account.credentials,
    "bootstrap": account.bootstrap,
    "service roles": account.service_linked_roles,
    "vCPU quotas": quotas.vcpus,
    "Lambda quota": quotas.lambda_concurrency,
    "addresses": addresses.addresses,
    "stacks": account.stacks,
    "environments": compute.environments,
    "queues": compute.queues,
    "blocked": compute.blocked,
    "machine roles": compute.machine_roles,
    "subnets": network.subnets,
    "subscriptions": telling.subscriptions,
    "dead letters": telling.dead_letters,
    "readers": telling.readers,
}
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


def examine(patient: Patient, checks: Mapping[str, Check] = CHECKS) -> Iterator[tuple[str, Finding]]:
    """Yield what each check finds; without credentials nothing more is looked at."""
    for name, check in checks.items():
        findings, usable = _findings(patient, check)
        yield from ((name, finding) for finding in findings)
        if not usable:
            return


def sick(finding: Finding) -> bool:
    """Return whether something is to be done about it."""
    return finding.level in (Level.WARNING, Level.ERROR)


def _findings(patient: Patient, check: Check) -> tuple[list[Finding], bool]:
    """Return what a check finds, up to a call that is refused, and whether it is worth to look at more."""
    findings: list[Finding] = []
    try:
        for finding in check(patient):
            findings.append(finding)  # noqa: PERF402 - what was found before a refused call stays
    except (NoCredentialsError, NoRegionError) as missing:
        return [error(explained(missing), "Run `aws configure`, or set AWS_PROFILE and AWS_REGION.")], False
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        if code in _NO_ACCESS:
            return [
                error(explained(refused), "Renew the credentials: `aws sso login`, or `aws configure`.")
            ], False
        findings.append(_refused(patient, refused, code))
    except BotoCoreError as unanswered:
        findings.append(_unanswered(patient, str(unanswered)))
    return findings, True


def _refused(patient: Patient, refused: ClientError, code: str) -> Finding:
    call, text = refused.operation_name, refused.response["Error"].get("Message", "").rstrip(".")
    if code in _DENIED:
        return warning(
            f"Not checked: {call} is not permitted: {text}.",
            "docs/cli.md lists what `sluice doctor` must be allowed to do.",
        )
    return _unanswered(patient, f"{call} was answered with {code}: {text}")


def _unanswered(patient: Patient, text: str) -> Finding:
    if patient.local:
        return not_checked(f"The local cloud cannot be asked this: {text}.")
    return warning(f"Not checked: {text.rstrip('.')}.", "Try again.")
