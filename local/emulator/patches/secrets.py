"""Mended: RotateSecret, which copies the old value instead of calling the secret's function."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core import responses
from ministack.services import (
    secretsmanager,
)


def rotate_secrets(begin: Callable[[str, str, str], None]) -> None:
    """Let RotateSecret make a version AWSPENDING and call `begin(secret, function, version)`, which is to
    have the function finish it.

    ministack copies the old value and calls no function. A version that has no value yet cannot be read.
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
