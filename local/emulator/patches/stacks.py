"""Mended: what CloudFormation refuses when a stack that is there already is deployed again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import (
    cloudformation,
)
from ministack.services.cloudformation import (
    handlers,
    provisioners,
    stacks,
)

Exports = Mapping[str, Mapping[str, str]]
_GONE = ("DELETE_COMPLETE", "ROLLBACK_COMPLETE")


def keep_exports_in_use() -> None:
    """Let an update of a stack fail that changes or drops an export which another stack imports, as on AWS;
    ministack looks only when the stack is deleted. An export that an update drops is gone, which ministack
    forgets.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
    """
    resolve = stacks._resolve_stack_outputs

    def resolve_outputs(*arguments: Any) -> tuple[list[Any], dict[str, Any]]:
        outputs, new = resolve(*arguments)
        name, stack_id = arguments[-2:]
        old = {key: one for key, one in cloudformation._exports.items() if one.get("StackId") == stack_id}
        if refusal := export_refusal(old, new, imports_of_others(name)):
            raise ValueError(refusal)
        for key in old.keys() - new.keys():
            cloudformation._exports.pop(key, None)
        return outputs, new

    stacks._resolve_stack_outputs = resolve_outputs


def export_refusal(old: Exports, new: Exports, imports: Mapping[str, str]) -> str | None:
    """Return why the exports of a stack may not change so, None where they may; ``imports`` are the stacks
    that import, by the exports' names.
    """
    for name, export in sorted(old.items()):
        if name not in imports:
            continue
        if name not in new:
            return f"Cannot delete export {name} as it is in use by {imports[name]}."
        if new[name]["Value"] != export["Value"]:
            return f"Export {name} cannot be updated as it is in use by {imports[name]}"
    return None


def imports_of_others(stack_name: str) -> dict[str, str]:
    """Return the names of the exports that other stacks import, each with such a stack's name."""
    return {
        export: name
        for name, stack in cloudformation._stacks.items()
        if name != stack_name and stack.get("StackStatus") not in _GONE
        for export in handlers._imported_export_names(stack, name)
    }


def check_names_first() -> None:
    """Let a deploy fail before it begins where a resource that it would create has a name that is taken, as
    CloudFormation does since November 2025; ministack looks at buckets only.

    A handler of a resource type says under ``named`` which property is the name, and whether a name is taken.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
    """
    validate = stacks._validation_errors

    def validation_errors(definitions: Any, ordered: Any, *context: Any, **named: Any) -> list[Any]:
        found = list(validate(definitions, ordered, *context, **named))
        parameters, conditions, mappings, stack_name, stack_id = context[:5]
        owned = cloudformation._stacks.get(stack_name, {}).get("_resources", {})

        def static(value: object) -> object:
            return stacks._static_property(
                value, definitions, parameters, conditions, mappings, stack_name, stack_id
            )

        for logical_id in ordered:
            kind, name = definitions[logical_id].get("Type", ""), _name(definitions[logical_id], static)
            conflict = name_conflict(kind, name, _name(_definition(owned.get(logical_id)), static))
            if conflict and conditions.get(definitions[logical_id].get("Condition"), True):
                found.append(
                    (logical_id, kind, "NAME_CONFLICT_VALIDATION", f"/Resources/{logical_id}", conflict)
                )
        return found

    stacks._validation_errors = validation_errors


def name_conflict(kind: str, name: str | None, owned: str | None) -> str | None:
    """Return why a stack cannot create a resource of this name, None where it can, or has it already."""
    if name is None or name == owned:
        return None
    _, is_taken = provisioners._RESOURCE_HANDLERS[kind]["named"]
    return f"Resource of type '{kind}' with identifier '{name}' already exists." if is_taken(name) else None


def _definition(resource: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a resource of a stack in the form of a template's."""
    return {"Type": resource["ResourceType"], "Properties": resource["Properties"]} if resource else {}


def _name(definition: Mapping[str, Any], static: Any) -> str | None:
    """Return the name that a template gives a resource, None where it gives none, or one that only a deploy
    knows.
    """
    handler = provisioners._RESOURCE_HANDLERS.get(definition.get("Type", ""), {})
    if "named" not in handler:
        return None
    value = static((definition.get("Properties") or {}).get(handler["named"][0]))
    return value if isinstance(value, str) else None
