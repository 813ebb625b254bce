"""Mended: rotation of secrets, for which a secret's own Lambda is called four times, and its type of
CloudFormation, which ministack lacks. What a schedule would do in months, RotateSecret does at once.
"""

import json
import logging
from collections.abc import Callable, Mapping
from threading import Thread
from typing import Any, Protocol, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.emulator.patches.secrets import set_rotation
from local.paths import LocalCloudPaths

# https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
logger = logging.getLogger(__name__)


class LambdaClient(Protocol):
    """What is used of a client of AWS Lambda."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        """Call a function and wait for its answer."""


class Rotations:
    """Calls rotation functions of a local cloud, each rotation in a thread of its own: RotateSecret
    does not wait for it.
    """

    def __init__(self, paths: LocalCloudPaths) -> None:
        self._paths = paths

    def begin(self, secret: str, function: str, version: str) -> None:
        """Let a function make the value of a secret's version, and make that version the current one."""
        Thread(target=self._rotate, args=(secret, function, version), name="rotation", daemon=True).start()

    def _rotate(self, secret: str, function: str, version: str) -> None:
        for step in STEPS:
            event = {"SecretId": secret, "ClientRequestToken": version, "Step": step}
            try:
                answer = self._client().invoke(FunctionName=function, Payload=json.dumps(event).encode())
            except (ClientError, BotoCoreError):
                logger.exception("The rotation of %s stopped at %s.", secret, step)
                return
            if "FunctionError" in answer:
                logger.error(
                    "The rotation of %s stopped at %s: %s", secret, step, answer["Payload"].read().decode()
                )
                return

    def _client(self) -> LambdaClient:
        variables = self._paths.client_environment()
        client = botocore.session.get_session().create_client(
            "lambda",
            region_name=variables["AWS_REGION"],
            endpoint_url=self._paths.endpoint,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )
        return cast("LambdaClient", client)


def _set(properties: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    arn = set_rotation(
        properties["SecretId"], properties.get("RotationLambdaARN"), properties.get("RotationRules")
    )
    return arn, {"Id": arn}


def _delete(physical_id: str) -> None:
    try:
        set_rotation(physical_id, None, None)
    except LookupError:
        return  # the secret went first


ROTATION_SCHEDULE: dict[str, dict[str, Callable[..., Any]]] = {
    "AWS::SecretsManager::RotationSchedule": {
        "create": lambda logical_id, properties, stack_name: _set(properties),
        "update": lambda physical_id, old, new, stack_name: _set(new),
        "delete": lambda physical_id, properties: _delete(physical_id),
    }
}
"""CloudFormation's type, as ``local.batch.cloudformation`` describes handlers."""
