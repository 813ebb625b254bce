"""Secrets Manager's rotation on this machine; tests/e2e/starting/test_webhooks.py rotates with the app's own
Lambda.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.aws import client_of
from local.emulator.patches import rotation
from local.paths import ACCOUNT, LocalCloudPaths
from tests.e2e.application import wait_for

CODE = """
import boto3
def handler(event, context):
    client = boto3.client("secretsmanager")
    named = {"SecretId": event["SecretId"], "VersionId": event["ClientRequestToken"]}
    if event["Step"] == "createSecret":
        try:
            client.get_secret_value(**named)
        except client.exceptions.ResourceNotFoundException:
            token = event["ClientRequestToken"]
            client.put_secret_value(SecretId=event["SecretId"], ClientRequestToken=token,
                                    SecretString="new", VersionStages=["AWSPENDING"])
    if event["Step"] == "finishSecret":
        stages = client.describe_secret(SecretId=event["SecretId"])["VersionIdsToStages"]
        before = next(one for one, names in stages.items() if "AWSCURRENT" in names)
        client.update_secret_version_stage(SecretId=event["SecretId"], VersionStage="AWSCURRENT",
                                           MoveToVersionId=event["ClientRequestToken"],
                                           RemoveFromVersionId=before)
"""


def function(cloud: LocalCloudPaths, name: str, code: str = CODE) -> str:
    """Make a rotation function and return its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)
    role = f"arn:aws:iam::{ACCOUNT}:role/none"
    made = client_of(cloud, "lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=30,
    )
    return str(made["FunctionArn"])


def value(secrets: Any, name: str, stage: str = "AWSCURRENT") -> str:
    """Return the value of a stage."""
    return str(secrets.get_secret_value(SecretId=name, VersionStage=stage)["SecretString"])


def test_a_function_makes_the_new_value(cloud: LocalCloudPaths) -> None:
    """Until it has, the pending version cannot be read; afterwards the old value is the one before."""
    secrets = client_of(cloud, "secretsmanager")
    secrets.create_secret(Name="rotated", SecretString="old")
    secrets.rotate_secret(
        SecretId="rotated",
        RotationLambdaARN=function(cloud, "rotate"),
        RotationRules={"AutomaticallyAfterDays": 30},
    )
    wait_for(lambda: value(secrets, "rotated") == "new", "the new value")
    assert value(secrets, "rotated", "AWSPREVIOUS") == "old"
    described = secrets.describe_secret(SecretId="rotated")
    assert (described["RotationEnabled"], described["RotationRules"]) == (
        True,
        {"AutomaticallyAfterDays": 30},
    )


def test_a_rotation_that_fails_changes_nothing_and_stands_in_the_way(cloud: LocalCloudPaths) -> None:
    """As on AWS: the pending version stays, and another rotation is refused until a person has looked."""
    secrets = client_of(cloud, "secretsmanager")
    secrets.create_secret(Name="broken", SecretString="old")
    broken = function(cloud, "broken", "def handler(event, context):\n    raise ValueError(event['Step'])\n")
    version = secrets.rotate_secret(SecretId="broken", RotationLambdaARN=broken)["VersionId"]
    assert value(secrets, "broken") == "old"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.get_secret_value(SecretId="broken", VersionId=version)
    with pytest.raises(ClientError, match="A previous rotation isn't complete"):
        secrets.rotate_secret(SecretId="broken")
    wait_for(lambda: "stopped at createSecret" in cloud.log.read_text(), "a line in the log")


def test_a_schedule_names_a_secret_that_is_there() -> None:
    """Or the stack fails."""
    with pytest.raises(LookupError, match="Expected a secret absent"):
        rotation.ROTATION_SCHEDULE["AWS::SecretsManager::RotationSchedule"]["create"](
            "Schedule", {"SecretId": "absent"}, "stack"
        )
    rotation.ROTATION_SCHEDULE["AWS::SecretsManager::RotationSchedule"]["delete"]("absent", {})
