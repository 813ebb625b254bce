"""fan_out: a plan has found its items; record them, and submit the arrays that work on them and the steps
downstream.
"""

from __future__ import annotations

from typing import Any

from lambdas.advancing import make_advancer
from lambdas.consuming import consume, count, logger
from sluice.errors import MalformedMessageError
from sluice.messages import Planned
from sluice.settings import FanOutSettings

settings = FanOutSettings.from_env()
advancer = make_advancer(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the plan queue."""
    return consume(event, context, _fan_out, settings.dead_letter_queue)


def _fan_out(body: str) -> None:
    message = Planned.from_json(body)
    if advancer.ledger.record_plan(message):
        count("ItemsFound", message.items)
    else:
        logger.info(
            "These items are recorded already, or the ledger does not name their job.",
            planned=message.to_json(),
        )
    if not advancer.advance(message.run):
        raise MalformedMessageError(f"Expected a plan of a run of the ledger, found {message.run!r}.")
    logger.info("A run was fanned out.", run=message.run, step=message.step, items=message.items)
