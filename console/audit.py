"""Writes who did what: a line of JSON for each attempt to change something, refused ones as well.

Deployed, the lines are in the function's log group; on loopback they go to the terminal's log. AWS CloudTrail
has the calls beside them, under the credentials of the caller or of the function.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from console.backend import Person
from sluice.visible import visible

_LOGGER = logging.getLogger("sluice.console.audit")


def _log(line: str) -> None:
    _LOGGER.info("%s", line)


@dataclass(frozen=True, slots=True)
class Audit:
    """``write`` takes a line."""

    write: Callable[[str], None] = _log

    def record(self, person: Person, action: str, about: str, status: int) -> None:
        """Write that a person did something, or tried to; ``status`` is that of the answer."""
        line = {
            "audit": action,
            "person": visible(person.name),
            "roles": person.roles,
            "about": visible(about),
            "status": status,
        }
        self.write(json.dumps(line, ensure_ascii=False))
