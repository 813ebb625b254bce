"""Secrets and parameters as jobs are given them."""

from ministack import app as gateway
from ministack.core import iam_evaluator
from ministack.services import (
    secretsmanager,
    ssm,
)

from local.emulator.access import role_credentials
from local.emulator.secret_names import json_value, secret_parts
from local.emulator.services import scope
from local.paths import ACCOUNT, REGION


def secret_value(
    value_from: str, execution_role: str = "", *, account: str = ACCOUNT, region: str = REGION
) -> str:
    """Return what `valueFrom` of a job's secret names, in the job's account and Region and read as the role
    that starts it; LookupError where it cannot be had.

    It is the ARN of a secret, with `:json-key:version-stage:version-id` after it or not, or the ARN or name
    of a parameter. https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data-secrets.html
    """
    secret, key, stage, version = secret_parts(value_from)
    with scope(account, region):
        if secret:
            found = secretsmanager.resolve_secret_string(secret, stage or "AWSCURRENT", version or None)
            known = secretsmanager._resolve(secret, use_arn_scope=True)[1] or {}
            _may_read(execution_role, "secretsmanager:GetSecretValue", str(known.get("ARN", secret)), region)
        else:
            found = ssm.resolve_parameter_value(value_from, decrypt=True)
            parameter = _parameter_arn(value_from, account, region)
            _may_read(execution_role, "ssm:GetParameters", parameter, region)
    if found is None:
        store = "secret of Secrets Manager" if secret else "parameter of Parameter Store"
        raise LookupError(f"Expected {value_from} to be a {store} with a text, found none.")
    return json_value(str(found), key, value_from) if key else str(found)


def _parameter_arn(value_from: str, account: str, region: str) -> str:
    named = f"arn:aws:ssm:{region}:{account}:parameter/{value_from.removeprefix('/')}"
    return value_from if value_from.startswith("arn:") else named


def _may_read(role_arn: str, action: str, resource: str, region: str) -> None:
    """Raise LookupError where a role may not read a secret; a job without an execution role is left to
    Batch's own rules.
    """
    if not (gateway.AUTH and role_arn):
        return
    key = role_credentials(role_arn, "start")["AWS_ACCESS_KEY_ID"]
    if (
        iam_evaluator.enforce(
            key, action, action.partition(":")[0], region, resource_arn=resource, service_context={}
        )
        is not None
    ):
        raise LookupError(
            f"AccessDeniedException: {role_arn} is not authorized to perform: {action} on resource:"
            f" {resource}."
        )
