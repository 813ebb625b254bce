"""Secrets and parameters as jobs are given them, and their rotation by a Lambda."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from ministack import app as gateway
from ministack.core import iam_evaluator, responses
from ministack.services import (
    secretsmanager,
    ssm,
)

from local.emulator.access import role_credentials
from local.emulator.secret_names import json_value, secret_parts
from local.emulator.services import scope
from local.paths import ACCOUNT, REGION


def secret_value(value_from: str, execution_role: str = "") -> str:
    """Return what `valueFrom` of a job's secret names, read as the role that starts the job; LookupError
    where it cannot be had.

    It is the ARN of a secret, with `:json-key:version-stage:version-id` after it or not, or the ARN or name
    of a parameter. https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data-secrets.html
    """
    secret, key, stage, version = secret_parts(value_from)
    with scope():
        if secret:
            found = secretsmanager.resolve_secret_string(secret, stage or "AWSCURRENT", version or None)
            known = secretsmanager._resolve(secret, use_arn_scope=True)[1] or {}
            _may_read(execution_role, "secretsmanager:GetSecretValue", str(known.get("ARN", secret)))
        else:
            found = ssm.resolve_parameter_value(value_from, decrypt=True)
            _may_read(execution_role, "ssm:GetParameters", _parameter_arn(value_from))
    if found is None:
        store = "secret of Secrets Manager" if secret else "parameter of Parameter Store"
        raise LookupError(f"Expected {value_from} to be a {store} with a text, found none.")
    return json_value(str(found), key, value_from) if key else str(found)


def _parameter_arn(value_from: str) -> str:
    named = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{value_from.removeprefix('/')}"
    return value_from if value_from.startswith("arn:") else named


def _may_read(role_arn: str, action: str, resource: str) -> None:
    """Raise LookupError where a role may not read a secret; a job without an execution role is left to
    Batch's own rules.
    """
    if not (gateway.AUTH and role_arn):
        return
    key = role_credentials(role_arn, "start")["AWS_ACCESS_KEY_ID"]
    if (
        iam_evaluator.enforce(
            key, action, action.partition(":")[0], REGION, resource_arn=resource, service_context={}
        )
        is not None
    ):
        raise LookupError(
            f"AccessDeniedException: {role_arn} is not authorized to perform: {action} on resource:"
            f" {resource}."
        )


def rotate_secrets(begin: Callable[[str, str, str], None]) -> None:
    """Let RotateSecret make a version AWSPENDING and call `begin(secret, function, version)`, which is to
    have the function finish it.

    ministack copies the old value and calls nobody. A version that has no value yet cannot be read.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """
    rotate, get = secretsmanager._rotate_secret, secretsmanager._get_secret_value

    def rotate_secret(data: dict[str, Any]) -> Any:
        _, secret = secretsmanager._resolve(data.get("SecretId"))
        function = data.get("RotationLambdaARN") or (secret or {}).get("RotationLambdaARN")
        if not secret or not function:
            return rotate(data)
        version, pending = secretsmanager._find_stage_version(secret, "AWSPENDING")
        if version and "AWSCURRENT" not in pending["Stages"]:
            message = "A previous rotation isn't complete. That rotation will be reattempted."
            return responses.error_response_json("InvalidRequestException", message, 400)
        token = data.get("ClientRequestToken") or str(uuid.uuid4())
        secretsmanager._remove_stage_everywhere(secret, "AWSPENDING")
        secret["Versions"][token] = {
            "SecretString": None,
            "SecretBinary": None,
            "CreatedDate": int(time.time()),
            "Stages": ["AWSPENDING"],
        }
        secret.update(_rotation(function, data.get("RotationRules") or secret.get("RotationRules")))
        begin(secret["ARN"], function, token)
        return responses.json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})

    def get_secret_value(data: dict[str, Any]) -> Any:
        status, headers, body = get(data)
        if status == 200 and not {"SecretString", "SecretBinary"} & json.loads(body).keys():
            message = "Secrets Manager can't find the specified secret value for VersionId."
            return responses.error_response_json("ResourceNotFoundException", message, 400)
        return status, headers, body

    secretsmanager._rotate_secret, secretsmanager._get_secret_value = rotate_secret, get_secret_value


def set_rotation(secret_id: str, function: str | None, rules: object) -> str:
    """Note which function rotates a secret, None for none, and return the secret's ARN; LookupError when
    there is no such secret.
    """
    _, secret = secretsmanager._resolve(secret_id)
    if not secret:
        raise LookupError(f"Expected a secret {secret_id}, found none.")
    secret.update(_rotation(function, rules))
    return str(secret["ARN"])


def _rotation(function: str | None, rules: object) -> dict[str, object]:
    return {"RotationEnabled": function is not None, "RotationLambdaARN": function, "RotationRules": rules}
