"""Keeps the messages of a paused pipeline, and starts them in order when it goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from lambdas.consuming import count, logger
from sluice.errors import UnsettledError
from sluice.ledger.pauses import KeptMessage, PausedError, Pauses, PauseState, arrived_now
from sluice.messages import Release

SECONDS = 25.0
"""How long one message releases; another one goes on, far from the function's minute."""
_PAGE = 25
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Keeps and releases messages. ``start`` begins the run of a message though its pipeline is paused, and
    ``again`` sends a release again.
    """

    pauses: Pauses
    start: Callable[[str], None]
    again: Callable[[Release], None]
    clock: Callable[[], float] = time.monotonic

    def start_or_keep(self, pipeline: str, run_id: str, body: str, start: Callable[[], None]) -> None:
        """Start a run, or keep its message while its pipeline is paused.

        Raises UnsettledError for a pipeline that is paused and unpaused faster than this looks at it.
        """
        for _ in range(_ATTEMPTS):
            try:
                start()
                return
            except PausedError:
                if self.pauses.keep(pipeline, run_id, body, arrived_now()):
                    count("MessagesKept")
                    logger.info("The pipeline is paused; its message is kept.", run=run_id)
                    return
        raise UnsettledError(f"{pipeline} is paused and unpaused at this moment; {run_id} is tried again.")

    def release(self, message: Release) -> None:
        """Start what was kept, in order, and end the pause when nothing is left."""
        deadline = self.clock() + SECONDS
        while self.clock() < deadline:
            pause = self.pauses.read(message.release)
            if pause is None or pause.state is not PauseState.RELEASING:
                return
            waiting = self.pauses.kept(pause.pipeline, _PAGE)
            if not waiting and self.pauses.end(pause):
                logger.info("A pipeline goes on.", pipeline=pause.pipeline, released=pause.released)
                return
            for kept in waiting:
                self._start(pause.pipeline, kept)
        self.again(message)

    def _start(self, pipeline: str, kept: KeptMessage) -> None:
        self.start(kept.body)
        self.pauses.forget(pipeline, kept)
        count("MessagesReleased")


def is_release(body: str) -> bool:
    """Return whether a message asks for a release; what is no JSON is for the reader of the others."""
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and "release" in document
