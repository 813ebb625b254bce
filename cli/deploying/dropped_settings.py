"""What a deploy would take away by saying nothing of it: settings that the deploy before it had."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from stacks.configuration import variable
from stacks.project import FILE, SETTINGS

_ADDRESSES = {"email": "alert_email", "sms": "alert_phone"}


class TemplateReader(Protocol):
    """A client of CloudFormation."""

    def get_template(self, **request: Any) -> Mapping[str, Any]:
        """Return the template of a stack."""
        ...


def dropped_settings(
    cloudformation: TemplateReader, stack: str, names: Callable[[str], bool]
) -> dict[str, str]:
    """Return the settings of the last deploy that this one says nothing of, with what they were; ``names``
    returns whether it says anything of one.
    """
    deployed = settings_of(template_of(cloudformation, stack))
    return {name: text for name, text in deployed.items() if not names(name)}


def settings_of(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that a template of the control stack was made with.

    One of before keeps none: its recipients of alerts are known by their subscriptions.
    """
    kept = template.get("Metadata", {}).get(SETTINGS)
    if kept is not None:
        return {str(name): str(text) for name, text in kept.items()}
    subscriptions = (
        one.get("Properties", {})
        for one in template.get("Resources", {}).values()
        if one["Type"] == "AWS::SNS::Subscription"
    )
    return {
        _ADDRESSES[one["Protocol"]]: str(one["Endpoint"])
        for one in subscriptions
        if one.get("Protocol") in _ADDRESSES
    }


def refusal(dropped: Mapping[str, str]) -> str:
    """Return what is wrong with a deploy that drops settings, and what to do."""
    found = ", ".join(f"{name} = {json.dumps(text)}" for name, text in dropped.items())
    first = next(iter(dropped))
    return (
        "Expected this deploy to say what becomes of each setting that the last one had, found nothing of:"
        f" {found}. To keep them write them into [settings] of {FILE}, or set {variable(first)} again; to"
        f' take one away on purpose write {first} = "" there.'
    )


def template_of(cloudformation: TemplateReader, stack: str) -> Mapping[str, Any]:
    """Return the template of a stack, empty where there is none yet."""
    try:
        body = cloudformation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    except ClientError as error:
        # There is no such stack yet.
        if error.response["Error"]["Code"] == "ValidationError":
            return {}
        raise
    found = json.loads(body) if isinstance(body, str) else body
    return dict(found)
