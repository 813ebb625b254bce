"""What a deploy would take away by saying nothing of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.deploying.dropped_settings import dropped_settings, refusal, settings_of
from local.paths import REPOSITORY
from stacks.project import SETTINGS

SNAPSHOTS = REPOSITORY / "tests" / "stacks" / "snapshots"


class CloudFormation:
    """Has one template, as botocore hands it over, or none."""

    def __init__(self, body: Any, code: str = "ValidationError") -> None:
        self._body, self._code = body, code

    def get_template(self, **request: Any) -> dict[str, Any]:
        """Return the template of a stack."""
        assert request == {"StackName": "SluiceControl", "TemplateStage": "Original"}
        if self._body is None:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetTemplate")
        return {"TemplateBody": self._body}


DEPLOYED = {"Metadata": {SETTINGS: {"alert_email": "a@example.com", "nat": "true"}}, "Resources": {}}


@pytest.mark.parametrize("body", [DEPLOYED, json.dumps(DEPLOYED)])
def test_what_is_said_again_is_not_dropped(body: Any) -> None:
    """Whatever its value is now, an empty one included."""
    cloud = CloudFormation(body)
    assert dropped_settings(cloud, "SluiceControl", {"alert_email", "nat"}.__contains__) == {}
    assert dropped_settings(cloud, "SluiceControl", {"nat"}.__contains__) == {"alert_email": "a@example.com"}


def test_the_first_deploy_drops_nothing() -> None:
    """There is no stack; any other refusal is no answer."""
    assert dropped_settings(CloudFormation(None), "SluiceControl", lambda _: False) == {}
    with pytest.raises(ClientError):
        dropped_settings(CloudFormation(None, "AccessDenied"), "SluiceControl", lambda _: False)


def test_a_deploy_of_before_is_known_by_its_subscriptions() -> None:
    """Its template keeps no settings, and its recipients are the ones above all."""
    resources = json.loads((SNAPSHOTS / "Control.json").read_text())["Resources"]
    found = settings_of({"Resources": resources})
    assert found == {"alert_email": "somebody@example.com", "alert_phone": "+4915112345678"}


def test_the_refusal_says_how_to_keep_and_how_to_take_away() -> None:
    """Both in the project's file."""
    said = refusal({"alert_email": "a@example.com"})
    assert 'alert_email = "a@example.com"' in said
    assert "set ALERT_EMAIL again" in said
    assert 'write alert_email = "" there' in said
