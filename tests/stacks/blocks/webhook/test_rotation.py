"""What must hold for the rotation of a secret."""

from __future__ import annotations

from tests.stacks.templates import Template, text


def test_rotation_reaches_its_own_secret_alone(pipelines: Template) -> None:
    """Under a role of its own, called by Secrets Manager of this account."""
    statements = [
        one
        for name, one in pipelines.statements()
        if "WebhookRotationRole" in name and "secretsmanager:" in str(one["Action"])
    ]
    (secret,) = pipelines.of_type("AWS::SecretsManager::Secret")
    assert [text(one["Resource"]) for one in statements] == [f"<{secret}.Id>"]
    (schedule,) = pipelines.properties("AWS::SecretsManager::RotationSchedule")
    assert (schedule["RotationRules"], schedule["RotateImmediatelyOnUpdate"]) == (
        {"AutomaticallyAfterDays": 90},
        False,
    )
    (permission,) = [
        one for one in pipelines.properties("AWS::Lambda::Permission") if one["Principal"] != "*"
    ]
    assert (permission["Principal"], permission["SourceAccount"]) == (
        "secretsmanager.amazonaws.com",
        {"Ref": "AWS::AccountId"},
    )
