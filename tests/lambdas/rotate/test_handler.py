"""The rotation Lambda, called as Secrets Manager calls it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from sluice.aws import clients
from sluice.errors import MalformedMessageError
from sluice.triggers.signatures import signing_key
from tests.lambdas.conftest import SECRET, Aws

TOKEN = "6f6d1c0e-1c0c-4c60-9d5e-000000000001"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class Manager:
    """Secrets Manager's client in a rotation: the version has a stage before it has a value, which moto does
    not do.
    """

    def __init__(self, real: Any, arn: str) -> None:
        """Begin a rotation."""
        self._real, self._arn, self.calls = real, arn, list[str]()
        self.begun = False

    def __getattr__(self, name: str) -> Any:
        """Return a call, counted."""
        self.calls.append(name)
        return getattr(self._real, name)

    def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 - botocore's names
        """Return the stages of each version."""
        stages = self._real.describe_secret(SecretId=SecretId)["VersionIdsToStages"]
        return {
            "VersionIdsToStages": stages
            if TOKEN in stages or not self.begun
            else {**stages, TOKEN: ["AWSPENDING"]}
        }


@pytest.fixture
def manager(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Manager:
    """A secret whose rotation has begun."""
    found = Manager(aws.client("secretsmanager"), aws.secret)
    found.begun = True
    monkeypatch.setattr(clients, "full_client", lambda _: found)
    monkeypatch.setattr("lambdas.rotate.handler.full_client", lambda _: found)
    return found


def step(aws: Aws, name: str, token: str = TOKEN) -> None:
    """Call the Lambda for one step."""
    import_module("lambdas.rotate.handler").handler(
        {"SecretId": aws.secret, "ClientRequestToken": token, "Step": name}, None
    )


def value(aws: Aws, manager: Manager, stage: str) -> str:
    """Return the value of a stage."""
    return str(manager._real.get_secret_value(SecretId=aws.secret, VersionStage=stage)["SecretString"])


def test_four_steps_make_a_new_secret_and_keep_the_one_before(aws: Aws, manager: Manager) -> None:
    """Both are keys afterwards."""
    for name in STEPS:
        step(aws, name)
    new = value(aws, manager, "AWSCURRENT")
    assert (value(aws, manager, "AWSPREVIOUS"), new != SECRET, len(signing_key("standard", new))) == (
        SECRET,
        True,
        32,
    )


def test_every_step_may_come_twice(aws: Aws, manager: Manager) -> None:
    """The second time changes nothing."""
    step(aws, "createSecret")
    pending = value(aws, manager, "AWSPENDING")
    for name in [name for name in STEPS for _ in range(2)]:
        step(aws, name)
    assert (value(aws, manager, "AWSCURRENT"), value(aws, manager, "AWSPREVIOUS")) == (pending, SECRET)


@pytest.mark.parametrize(("name", "token"), [("dropSecret", TOKEN), ("", TOKEN), ("createSecret", "another")])
def test_what_secrets_manager_does_not_ask_is_refused(
    aws: Aws, manager: Manager, name: str, token: str
) -> None:
    """Another step, or a version that is not being rotated: nothing is changed."""
    with pytest.raises(MalformedMessageError):
        step(aws, name, token)
    assert value(aws, manager, "AWSCURRENT") == SECRET
