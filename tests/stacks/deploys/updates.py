"""What CloudFormation refuses when one set of templates is deployed over another, by AWS's own schemas of the
resource types, which cfn-lint brings along.

- An export in use is neither dropped nor changed, also where its resource is replaced:
  https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
- A resource with a name of one's own is not replaced, and no other one is created of its name while it is
  there:
  https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

from tests.stacks.templates import Resource, Template

_IMPORT = re.compile(r'\{"Fn::ImportValue": "([^"]+)"\}')
_REFERENCE = re.compile(r'\{"(?:Ref": "([^"]+)"|Fn::GetAtt": \["([^"]+)")')
_NAME = re.compile(r"\w*Name|Domain")
Name = tuple[str, str]
Replaced = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Deployed:
    """The stacks of one deploy: their resources, what only a replacement changes in each, the exports with
    their stacks and values' texts, and the names of what is imported.
    """

    resources: Mapping[str, Mapping[str, Resource]]
    fixed: Mapping[str, Mapping[str, str]]
    exports: Mapping[str, tuple[str, str]]
    imports: frozenset[str]

    @classmethod
    def of(cls, templates: Mapping[str, Template]) -> Deployed:
        """Return the stacks of templates by their names."""
        documents = {stack: one.document for stack, one in templates.items()}
        exports = {
            one["Export"]["Name"]: (stack, json.dumps(one["Value"]))
            for stack, document in documents.items()
            for one in document.get("Outputs", {}).values()
            if "Export" in one
        }
        imports = {name for one in documents.values() for name in _IMPORT.findall(json.dumps(one))}
        resources = {stack: one["Resources"] for stack, one in documents.items()}
        fixed = {
            stack: {name: _fixed(one) for name, one in found.items()} for stack, found in resources.items()
        }
        return cls(resources, fixed, exports, frozenset(imports))

    def names(self) -> dict[Name, tuple[str, str]]:
        """Return the stack and logical id of each resource with a name of our own, by type and name."""
        return {
            (one["Type"], json.dumps(value)): (stack, logical_id)
            for stack, resources in self.resources.items()
            for logical_id, one in resources.items()
            for value in own_names(one).values()
        }


def refusals(before: Deployed, after: Deployed) -> Iterator[str]:
    """Yield what CloudFormation refuses when ``after`` is deployed over ``before``."""
    replaced = {stack: replaced_in(before, after, stack) for stack in after.resources}
    yield from _exports(before, after, replaced)
    yield from _replaced_names(before, after, replaced)
    owners = before.names()
    for name, where in after.names().items():
        if owners.get(name, where) != where:
            yield f"{where} is created with the name of {owners[name]}: {name}"


def _exports(before: Deployed, after: Deployed, replaced: Replaced) -> Iterator[str]:
    for name in sorted(before.imports):
        stack, value = before.exports[name]
        if name not in after.exports:
            yield f"export {name} is dropped, and in use"
        elif after.exports[name] != (stack, value) or _names_any(value, replaced[stack]):
            yield f"export {name} is changed, and in use"


def _replaced_names(before: Deployed, after: Deployed, replaced: Replaced) -> Iterator[str]:
    for stack, logical_id in ((stack, one) for stack, found in replaced.items() for one in found):
        old, new = (own_names(one.resources[stack][logical_id]) for one in (before, after))
        for key in old.keys() & new.keys():
            if old[key] == new[key]:
                yield f"{stack}/{logical_id} is replaced, and its name {json.dumps(new[key])} stays"


def replaced_in(before: Deployed, after: Deployed, stack: str) -> frozenset[str]:
    """Return the logical ids of the resources that are replaced in a stack: what can only be created so has
    changed, or names something that is replaced.
    """
    old, new = before.fixed[stack], after.fixed[stack]
    kept = [one for one in new if one in old]
    found = {one for one in kept if new[one] != old[one]}
    while found and (more := {one for one in kept if one not in found and _names_any(new[one], found)}):
        found |= more
    return frozenset(found)


def own_names(resource: Resource) -> dict[str, Any]:
    """Return the properties of a resource that are a name of our own."""
    kind, given = resource["Type"], resource.get("Properties", {})
    tops = {path[0] for path in create_only(kind) if len(path) == 1}
    return {key: given[key] for key in tops if _NAME.fullmatch(key) and key in given and key not in _OTHERS}


# The names of what a resource belongs to, or of what it connects.
_OTHERS = frozenset({"ServiceName", "FunctionName", "EventBusName", "TableName"})


@cache
def create_only(kind: str) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the properties of a type that only a replacement changes."""
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    except ResourceNotFoundError:
        return ()
    paths = schema.get("createOnlyProperties") or ()
    return tuple(tuple(path.removeprefix("/properties/").split("/")) for path in paths)


def _fixed(resource: Resource) -> str:
    """Return the text of what only a replacement changes in a resource."""
    kind, given = resource["Type"], resource.get("Properties", {})
    return json.dumps([kind, *(_at(given, path) for path in create_only(kind))], sort_keys=True)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _names_any(text: str, logical_ids: set[str] | frozenset[str]) -> bool:
    """Return whether a text of JSON refers to one of these resources."""
    return any((one or other) in logical_ids for one, other in _REFERENCE.findall(text))
