"""Templates as the tests read them: plain dictionaries, by type and by logical id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STACKS = ("Storage", "Compute", "Control", "Pipelines")
Resource = dict[str, Any]

_ASSET = re.compile(r"\b[0-9a-f]{64}\b")
_JOB_DEFINITION = re.compile(r"\b(sluice-[a-z0-9-]+)-[0-9a-f]{10}\b")


@dataclass(frozen=True, slots=True)
class Template:
    """A synthesised template."""

    path: Path
    document: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Template:
        """Read a template."""
        return cls(path, json.loads(path.read_text()))

    def of_type(self, kind: str) -> dict[str, Resource]:
        """Return the resources of a type by their logical ids."""
        return {name: one for name, one in self.document["Resources"].items() if one["Type"] == kind}

    def properties(self, kind: str) -> list[dict[str, Any]]:
        """Return the properties of all resources of a type."""
        return [one.get("Properties", {}) for one in self.of_type(kind).values()]

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the statements of all IAM policies, each with the logical id of the first role that it
        belongs to.
        """
        for policy in self.properties("AWS::IAM::Policy"):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield policy["Roles"][0]["Ref"], statement

    def statements_of(self, role: str) -> list[dict[str, Any]]:
        """Return the statements of the roles whose logical ids begin so."""
        return [statement for name, statement in self.statements() if name.startswith(role)]

    def normalised(self) -> dict[str, Any]:
        """Return the template without what changes with every edit of the code: the hashes of assets and of
        job definitions.
        """
        document = json.loads(
            _JOB_DEFINITION.sub(r"\1-<hash>", _ASSET.sub("<asset>", json.dumps(self.document)))
        )
        resources = document["Resources"]
        for name in [name for name, one in resources.items() if one["Type"] == "AWS::Batch::JobDefinition"]:
            definition = resources.pop(name)
            resources[definition["Properties"]["JobDefinitionName"]] = definition
        return dict(document)


def many(value: Any) -> list[Any]:
    """Return a list for what IAM lets be one or many."""
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """Return a value with intrinsic functions as one readable line, such as
    ``arn:<AWS::Partition>:s3:::…``.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        function, argument = next(iter(value.items()))
        if function == "Fn::Join":
            return str(argument[0]).join(text(part) for part in argument[1])
        if function == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", r"<\1>", argument)
        if function == "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        if function in ("Ref", "Fn::ImportValue"):
            return f"<{argument}>"
    return json.dumps(value)


STAGES = {"Trigger": "trigger", "FanOut": "fan_out", "Track": "track", "Alert": "alert"}
"""The stages by the beginnings of their logical ids."""


def one_of(template: Template, kind: str, beginning: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type whose logical id begins so."""
    (found,) = [
        one["Properties"] for name, one in template.of_type(kind).items() if name.startswith(beginning)
    ]
    return dict(found)
