"""Pauses pipelines, and lets them go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluice.ledger.pauses import Pause, Pauses
from sluice.messages import Release
from sluice.operate.clients import MessageSender
from sluice.operate.errors import OperationError, RequestError
from sluice.visible import visible

MAX_REASON_CHARACTERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauser:
    """Pauses and unpauses; ``trigger_queue`` is the URL of the queue of the trigger Lambda."""

    pauses: Pauses
    sqs: MessageSender
    trigger_queue: str

    def pause(self, pipeline: str, reason: str, now: datetime) -> Pause:
        """Pause a pipeline; raises RequestError for one that is paused already, and for a long reason."""
        if len(reason) > MAX_REASON_CHARACTERS:
            raise RequestError(
                f"Expected a reason of at most {MAX_REASON_CHARACTERS} characters, found {len(reason)}."
            )
        paused = self.pauses.pause(pipeline, reason, now.isoformat(timespec="milliseconds"))
        found = self.pauses.read(pipeline)
        if found is None:
            raise OperationError(f"{pipeline} was unpaused at this moment. Pause it again.")
        if not paused:
            raise RequestError(f"Expected a pipeline that runs, found {_paused(found)}.")
        return found

    def unpause(self, pipeline: str) -> Pause:
        """Let a pipeline go on: the trigger Lambda starts what was kept, in order. Repeating it does no harm.

        Raises RequestError for a pipeline that is not paused.
        """
        found = self.pauses.read(pipeline)
        if found is None or not self.pauses.release(pipeline):
            raise RequestError(f"Expected a paused pipeline, found {pipeline}, which is not.")
        self.sqs.send_message(QueueUrl=self.trigger_queue, MessageBody=Release(release=pipeline).to_json())
        return found


def check_not_paused(pauses: Pauses, pipeline: str) -> None:
    """Raise RequestError for a paused pipeline, with since when and why."""
    found = pauses.read(pipeline)
    if found is not None:
        raise RequestError(
            f"Expected a pipeline that runs, found {_paused(found)}. What starts it is kept until it is"
            " unpaused."
        )


def _paused(found: Pause) -> str:
    why = f": {visible(found.reason)}" if found.reason else ""
    return f"{found.pipeline} paused since {found.since}{why}"
