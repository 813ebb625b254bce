"""fan_out: a plan has found its items; record them, and submit the arrays that work on them and the steps
downstream.
"""

from __future__ import annotations

from typing import Any

from lambdas.advancing import make_advancer
from lambdas.consuming import consume, count, logger
from sluice.advance.plan_sender import comes_from_its_job
from sluice.aws.clients import client
from sluice.errors import MalformedMessageError
from sluice.messages import Planned
from sluice.settings import FanOutSettings

settings = FanOutSettings.from_env()
advancer = make_advancer(settings)
_CHARACTERS_LOGGED = 500


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Read the plan queue."""
    return consume(event, context, _fan_out, settings.dead_letter_queue)


def _fan_out(body: str) -> None:
    """Fan a run out, unless the message is refused.

    All jobs publish on one topic: what one of them makes up must neither be believed nor ring the alarm of
    the dead-letter queue for everybody. A plan that is lost is found by the sweep.
    """
    try:
        message = _plan(body)
    except MalformedMessageError as error:
        count("PlansRefused")
        logger.warning("A plan was refused.", reason=str(error), message_begins=body[:_CHARACTERS_LOGGED])
        return
    if advancer.ledger.record_plan(message):
        count("ItemsFound", message.items)
    else:
        logger.info(
            "These items are recorded already, or the ledger does not name their job.",
            planned=message.to_json(),
        )
    advancer.advance(message.run)
    logger.info("A run was fanned out.", run=message.run, step=message.step, items=message.items)


def _plan(body: str) -> Planned:
    """Return the plan of a message; raises MalformedMessageError for what is none, or not of its own job."""
    message = Planned.from_json(body)
    run = advancer.ledger.load(message.run)
    if run is None:
        raise MalformedMessageError(f"Expected a plan of a run of the ledger, found {message.run!r}.")
    if not comes_from_its_job(message, run, client("batch")):
        raise MalformedMessageError("Expected a plan of the job of its step, found another job's.")
    return message
