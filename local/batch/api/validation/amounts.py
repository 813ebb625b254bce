"""How much of a resource a container asks for."""

from __future__ import annotations

from typing import Any

from local.batch.api.errors import client_error


def amount(container: dict[str, Any], kind: str, old_field: str) -> float | None:
    """What a container asks of a resource, in resourceRequirements or the older field of its own."""
    for requirement in container.get("resourceRequirements", []):
        if requirement["type"] == kind:
            return _number(requirement)
    old = container.get(old_field)
    return None if old is None else float(old)


def _number(requirement: dict[str, Any]) -> float:
    try:
        return float(requirement["value"])
    except ValueError:
        raise client_error(
            f"resourceRequirements {requirement['type']} must be a number, but is {requirement['value']!r}."
        ) from None
