"""rotate: Secrets Manager rotates the secret of a webhook; make a new one, test it, make it the current one.

The protocol of four steps:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html Secrets
Manager may repeat any of them, so each does nothing when it is done already. The previous secret stays valid
as AWSPREVIOUS.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping

from botocore.exceptions import ClientError

from lambdas.log_lines import new_logger
from sluice.aws.clients import full_client
from sluice.errors import MalformedMessageError
from sluice.triggers.signatures import signing_key

_BYTES = 32
logger = new_logger()


def handler(event: dict[str, str], context: object) -> None:
    """Do one step for the version of a secret that the event names."""
    names = ("SecretId", "ClientRequestToken", "Step")
    secret, version, step = (event.get(name, "") for name in names)
    if step not in _STEPS:
        raise MalformedMessageError(f"Expected a step of a rotation ({', '.join(_STEPS)}), found {step!r}.")
    stages = full_client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
    if "AWSCURRENT" in stages.get(version, []):
        return
    if "AWSPENDING" not in stages.get(version, []):
        raise MalformedMessageError(
            f"Expected a version with the stage AWSPENDING, found {version!r} with {stages.get(version)}."
        )
    _STEPS[step](secret, version, stages)
    logger.info("A step of a rotation is done.", secret=secret, step=step)


def _create(secret: str, version: str, stages: Mapping[str, list[str]]) -> None:
    client = full_client("secretsmanager")
    try:
        client.get_secret_value(SecretId=secret, VersionId=version, VersionStage="AWSPENDING")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        new = base64.b64encode(secrets.token_bytes(_BYTES)).decode()
        client.put_secret_value(
            SecretId=secret, ClientRequestToken=version, SecretString=new, VersionStages=["AWSPENDING"]
        )


def _set(secret: str, version: str, stages: Mapping[str, list[str]]) -> None:
    """Do nothing: senders read the secret themselves, the previous one is valid until the next rotation."""


def _test(secret: str, version: str, stages: Mapping[str, list[str]]) -> None:
    """Read it as the webhook does; raises SettingError for an invalid secret."""
    pending = full_client("secretsmanager").get_secret_value(
        SecretId=secret, VersionId=version, VersionStage="AWSPENDING"
    )
    signing_key("standard", pending["SecretString"])


def _finish(secret: str, version: str, stages: Mapping[str, list[str]]) -> None:
    current = next((one for one, named in stages.items() if "AWSCURRENT" in named), None)
    moved = {"RemoveFromVersionId": current} if current else {}
    full_client("secretsmanager").update_secret_version_stage(
        SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version, **moved
    )


_STEPS: Mapping[str, Callable[[str, str, Mapping[str, list[str]]], None]] = {
    "createSecret": _create,
    "setSecret": _set,
    "testSecret": _test,
    "finishSecret": _finish,
}
