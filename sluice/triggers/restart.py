"""A restart: the trigger of an earlier run once more, as a new run. See docs/decisions/0042."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.messages import Message, parse_object
from sluice.triggers.trigger_event import TriggerEvent, stored_trigger

RESTART = "restart"
"""The name of this trigger, from which the id of the new run is made."""
RESTART_OF = "restart_of"
"""What the trigger of such a run is stored with: the id of the run that it repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartRequested(Message):
    """A person asks for a run with a trigger that there was before.

    ``restart`` is the id of the earlier run, empty for items that came from none; ``trigger`` is what the
    ledger keeps of a trigger. ``definition`` is ``{"bucket", "key"}`` of the compiled pipeline, empty for the
    one that the earlier run has. ``items`` has, for plans that need not run, the manifest of their items:
    ``{"plan": {"manifest": key, "items": 37}}``.
    """

    restart: str
    pipeline: str
    token: str
    trigger: dict[str, Any]
    definition: dict[str, Any] = field(default_factory=dict)
    items: dict[str, Any] = field(default_factory=dict)

    def identity(self) -> dict[str, str]:
        """Return what makes this restart unique: the same run with the same token is one restart."""
        return {"run": self.restart, "token": self.token}

    def started_by(self) -> TriggerEvent:
        """Return the trigger; raises MalformedMessageError for one that this version does not know."""
        try:
            return stored_trigger(self.trigger)
        except (KeyError, TypeError) as error:
            raise MalformedMessageError(
                f"Expected a trigger that this version knows, found {str(self.trigger)[:200]}."
            ) from error

    def stored(self) -> dict[str, Any]:
        """Return what the ledger keeps of the new run's trigger."""
        return {**self.trigger, **({RESTART_OF: self.restart} if self.restart else {})}


def is_restart(body: str) -> bool:
    """Return whether a message of the trigger queue asks for a restart; raises MalformedMessageError for what
    is no message.
    """
    return RESTART in parse_object(body)


def restart_of(stored: Mapping[str, Any]) -> str | None:
    """Return the run that a run repeats, by what the ledger keeps of its trigger; None for any other run."""
    found = stored.get(RESTART_OF)
    return found if isinstance(found, str) else None
