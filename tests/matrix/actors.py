"""Actors: a Lambda's invocation or a job's attempt, as a greenlet that runs only when it is its turn.

One runs at a time, and turns change only where an actor waits: at its AWS calls and when it sleeps. So what
happens follows from the clock alone, every run can be repeated exactly, and one process can stand between any
two calls of another. With threads the operating system would hand over each turn, which takes longer than
what most turns do.

Source: https://greenlet.readthedocs.io/en/stable/greenlet.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from greenlet import getcurrent, greenlet

from tests.matrix.clock import Clock

_really_sleep = time.sleep


class KilledError(BaseException):
    """The process is gone: nothing of it runs any more, no `except` and no `finally` does anything."""


class Actor:
    """Runs ``work`` in turns; ``ended`` receives how it ended: what it returned, or what it raised."""

    def __init__(
        self,
        actors: Actors,
        name: str,
        stage: str,
        work: Callable[[], Any],
        ended: Callable[[Any, BaseException | None], None],
    ):
        """Wait for the first turn."""
        self.name, self.stage = name, stage
        self.facts: Mapping[str, str] = {}
        self.variables: Mapping[str, str] = {}
        self.killed = self.reclaimed = self.over = False
        self.clock_ahead = 0.0
        """By how many seconds its clock is ahead of the true time."""
        self.longer = 0.0
        """By how many seconds the next call of its function takes longer than others."""
        self.call_began = 0.0
        self.to_raise: BaseException | None = None
        self.is_supervised = False
        """Whether it has begun to supervise a worker: from then on the worker alone meets interruptions."""
        self._interrupted: BaseException | None = None
        self._in_worker = False
        self._waits = 0
        self._actors, self._work, self._ended = actors, work, ended
        self._result: tuple[Any, BaseException | None] = (None, None)
        self.life = greenlet(self._run)

    def resume(self) -> None:
        """Give it a turn; called by the clock."""
        if self.over:
            return
        before, self._actors.current = self._actors.current, self
        self.life.parent = getcurrent()  # Where its turn ends, it goes on here.
        self.life.switch()
        self._actors.current = before
        if self.over:
            self._actors.living.discard(self)
            self._ended(*self._result)

    def wait(self, seconds: float) -> None:
        """End the turn and wait for another; called by the actor itself. Raises what somebody wants it to
        meet.
        """
        self.must_live()
        self._waits += 1
        self._actors.clock.later(seconds, partial(self.wake, self._waits))
        self.life.parent.switch()
        self.must_live()
        if self.to_raise is not None:
            error, self.to_raise = self.to_raise, None
            raise error

    def wake(self, wait: int = 0) -> None:
        """Give it a turn when it still is in that wait, counted from 1; called by the clock."""
        if wait == self._waits:
            self.resume()

    def interrupt(self, error: BaseException) -> None:
        """Have it meet an error where it waits, as a process meets a signal; called by the clock. A
        supervisor passes it on: its worker meets it in the user's code, now or when it is there again.
        """
        if self.is_supervised and not self._in_worker:
            self._interrupted = error
        elif not self.over:
            self.to_raise = error
            self._waits += 1  # The end of the wait that it leaves wakes nobody.
            self.resume()

    @contextmanager
    def in_worker(self) -> Iterator[None]:
        """Be in the user's code for a while, and meet what has interrupted the supervisor."""
        if self._interrupted is not None:
            error, self._interrupted = self._interrupted, None
            raise error
        self._in_worker = True
        try:
            yield
        finally:
            self._in_worker = False

    def must_live(self) -> None:
        """Raise KilledError in a process that is gone."""
        if self.killed:
            raise KilledError(self.name)

    def die(self) -> None:
        """End at once; called by the actor itself."""
        self.killed = True
        raise KilledError(self.name)

    def kill(self) -> None:
        """End it at once; called by the clock, between its turns."""
        self.killed = True
        self.resume()

    def _run(self) -> None:
        try:
            self.must_live()
            self._result = self._work(), None
        except BaseException as error:  # noqa: BLE001 - told to whoever started it
            self._result = None, error
        self.over = True


class Actors:
    """All actors of a harness; ``current`` is the one whose turn it is."""

    def __init__(self, clock: Clock) -> None:
        """Have none."""
        self.clock = clock
        self.living: set[Actor] = set()
        self.current: Actor | None = None
        self.started: Callable[[Actor], None] = lambda actor: None
        """Is called with each new actor before its first turn."""

    def start(
        self,
        name: str,
        stage: str,
        work: Callable[[], Any],
        ended: Callable[[Any, BaseException | None], None],
    ) -> Actor:
        """Start one; its first turn comes at once."""
        actor = Actor(self, name, stage, work, ended)
        self.living.add(actor)
        self.started(actor)
        self.clock.later(0, actor.wake)
        return actor

    def sleep(self, seconds: float) -> None:
        """Let the current actor sleep; a thread that is no actor's, as others may have left in this process,
        sleeps in real time.
        """
        if self.current is not None and self.current.life is getcurrent():
            self.current.wait(seconds)
        elif threading.current_thread() is not threading.main_thread():
            _really_sleep(seconds)

    def close(self) -> None:
        """End all that still live."""
        for actor in sorted(self.living, key=lambda each: each.name):
            actor.kill()
