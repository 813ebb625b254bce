"""Another path of all roles: what CloudFormation would refuse half-way, because it replaces the roles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cli.deploying.dropped_settings import TemplateReader, template_of
from stacks.configuration import Configuration, variable


def role_path_refusal(cloudformation: TemplateReader, configuration: Configuration) -> str | None:
    """Return why the roles may not get another path with this deploy, None where they may, or keep theirs."""
    prefix, wanted = configuration.stack_prefix, configuration.role_path or ""
    control = template_of(cloudformation, f"{prefix}Control")
    paths = {str(one.get("Properties", {}).get("Path", "")) for one in _roles(control).values()}
    if paths <= {wanted}:
        return None
    pipelines = json.dumps(template_of(cloudformation, f"{prefix}Pipelines"))
    if not any(json.dumps({"Fn::ImportValue": name}) in pipelines for name in _exported_roles(control)):
        return None
    return (
        f"Expected {variable('role_path')} to stay {' or '.join(map(repr, sorted(paths)))}, found {wanted!r}:"
        f" a role with another path is another role, and CloudFormation replaces none that {prefix}Pipelines"
        " uses, as it does for results= of a pipeline. Deploy with the old path and without results= first,"
        " then with the new path and results=."
    )


def _roles(template: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = template.get("Resources", {}).items()
    return {name: one for name, one in found if one["Type"] == "AWS::IAM::Role"}


def _exported_roles(template: Mapping[str, Any]) -> set[str]:
    """Return the names of the exports that are a role's name."""
    roles = _roles(template)
    outputs = (one for one in template.get("Outputs", {}).values() if "Export" in one)
    return {one["Export"]["Name"] for one in outputs if one["Value"].get("Ref") in roles}
