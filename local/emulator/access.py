"""IAM as ministack evaluates it: who calls, what the caller may do, and credentials of roles for jobs."""

import uuid
from collections.abc import Mapping

from ministack import app as gateway
from ministack.core import iam_evaluator, router
from ministack.services import (
    sts,
)

from local.emulator.functions import renew_lambda_workers
from local.emulator.services import scope
from local.paths import ACCOUNT, REGION


def enforce_iam(enforce: bool) -> None:
    """Switch IAM on or off for every request from now on.

    Running Lambda workers keep the credentials that they were started with, so each is ended after its
    invocation; the next one starts another with its role's credentials.
    """
    if enforce != gateway.AUTH:
        gateway.AUTH = enforce
        renew_lambda_workers()


def iam_enforced() -> bool:
    """Say whether IAM is enforced."""
    return bool(gateway.AUTH)


def denied(
    headers: Mapping[str, str],
    query: Mapping[str, list[str]],
    action: str,
    resource: str,
    context: Mapping[str, object],
) -> str | None:
    """Return the ARN of the caller if its policies do not allow `action` on `resource`, and None if they
    do.

    The caller's key stands in the headers, or in the query of a presigned URL.
    """
    if not gateway.AUTH:
        return None
    key = access_key_of(headers, query)
    service = action.partition(":")[0]
    verdict = iam_evaluator.enforce(
        key, action, service, REGION, resource_arn=resource, service_context=dict(context)
    )
    if verdict is None:
        return None
    return str(getattr(verdict, "principal_arn", "") or "the caller")


def role_credentials(role_arn: str, session_name: str) -> dict[str, str]:
    """Return an environment with a new session of the role, as STS would give to a caller that assumes it."""
    role = role_arn.rsplit("/", 1)[-1]
    access_key, secret, token = f"ASIA{uuid.uuid4().hex[:16].upper()}", uuid.uuid4().hex, uuid.uuid4().hex
    account = role_arn.split(":")[4] if role_arn.startswith("arn:") else ACCOUNT
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session_name[:64]}",
        "UserId": f"{role}:{session_name[:64]}",
        "AccountId": account,
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(access_key, session)
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def principal(access_key: str) -> str:
    """Return the name of the role or user behind an access key, or "root"."""
    if not access_key or iam_evaluator.is_root_access_key(access_key):
        return "root"
    with scope():
        caller = iam_evaluator.resolve_credential(access_key)
    arn = str(getattr(caller, "principal_arn", "unknown"))
    return arn.split("/")[1] if "/" in arn else arn


def access_key_of(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """Return the access key that signed a request, or an empty string."""
    return str(router.extract_access_key_id(headers, query))
