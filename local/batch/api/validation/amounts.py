"""How much of a resource a container asks for."""

from __future__ import annotations

import re
from typing import Any, Final

from local.batch.api.errors import client_error


def amount(container: dict[str, Any], kind: str, old_field: str) -> float | None:
    """What a container asks of a resource, in resourceRequirements or the older field of its own."""
    for requirement in container.get("resourceRequirements", []):
        if requirement["type"] == kind:
            return _number(requirement)
    old = container.get(old_field)
    return None if old is None else float(old)


def _number(requirement: dict[str, Any]) -> float:
    allowed, expected = _EXPECTED[requirement["type"]]
    value: str = requirement["value"]
    if not allowed.fullmatch(value):
        raise client_error(
            f"resourceRequirements {requirement['type']} must be a number, {expected}, but is {value[:80]!r}."
        )
    return float(value)


def whole_number(text: str) -> int | None:
    """The whole number that a text of ASCII digits stands for; None for any other text."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None


_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}")
_EXPECTED: Final = {
    "VCPU": (re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?"), "such as 1 or 0.25"),
    "MEMORY": (_AMOUNT, "of whole MiB"),
    "GPU": (_AMOUNT, "of whole GPUs"),
}
