"""The wall-clock runtime: it carries out what the scheduler asks for, and reports to it what became of it."""

from __future__ import annotations

import logging
import math
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

from local.batch.api.account import Account
from local.batch.api.events import queue_blocked, state_change
from local.batch.faults import Reclaims, Trouble, TroubledEvents, UnpullableImages
from local.batch.ports import Credentials, EventSink, Executor, Images, Secrets, no_events
from local.batch.runtime.in_flight import Underway
from local.batch.runtime.launchers import Reports, Starters
from scheduler.effects import Effect, QueueBlocked, StartAttempt, StateChange, StopAttempt
from scheduler.retry import Outcome

log = logging.getLogger(__name__)

_Key = tuple[str, int, int]


class Runner:
    """Starts and stops attempts, reports their ends to the scheduler, wakes it when time has come, tells of
    changes.
    """

    def __init__(
        self,
        account: Account,
        executor: Executor,
        *,
        events: EventSink,
        images: Images,
        credentials: Credentials,
        secrets: Secrets,
        environment: Mapping[str, str],
    ) -> None:
        self._account = account
        self._executor = executor
        self._clean_events = events
        self._clean_images = images
        self._inbox: deque[Callable[[], None]] = deque()
        self._stepping = threading.Lock()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._sleeps_until = math.inf
        self._underway: dict[_Key, Underway] = {}
        self._changes: queue.SimpleQueue[StateChange | QueueBlocked | None] = queue.SimpleQueue()
        self._closing = False
        self._runner = threading.Thread(target=self._loop, name="batch-runner", daemon=True)
        self._teller = threading.Thread(target=self._tell, name="batch-events", daemon=True)
        reports = Reports(self._begun, self._over, self._failed)
        self._starters = Starters(executor, images, credentials, secrets, environment, reports)
        self.trouble(Trouble())
        account.changed = partial(self._wake.put, None)

    def trouble(self, trouble: Trouble) -> None:
        """From now on trouble hosts, images and events as `trouble` says, and no others; call it with the
        account's lock.
        """
        clean, images = self._clean_events, self._clean_images
        self._events = (
            TroubledEvents(clean, trouble) if trouble.troubles_events and clean is not no_events else clean
        )
        self._starters.images = UnpullableImages(images, trouble.unpullable) if trouble.unpullable else images
        random = Random(trouble.seed)  # noqa: S311 - repeatable, not secret
        self._reclaims = Reclaims(trouble.reclaims_an_hour, random, trouble.reclaimed_attempts)
        for environment in self._account.scheduler.environments.values():
            for host in environment.hosts.values():
                self._reclaims.seen(host, self._account.clock())

    def start(self) -> None:
        """Begin."""
        for thread in (self._runner, self._teller):
            thread.start()
        self._starters.open()

    def close(self) -> None:
        """End every process that was started, and the threads."""
        self._closing = True
        self._wake.put(None)
        self._runner.join()
        self._starters.close()
        self._executor.close()
        self._changes.put(None)
        self._teller.join()

    def _loop(self) -> None:
        """What is due at a time, and what callers of the API changed."""
        while not self._closing:
            with self._stepping:
                self._steps()
            self._take_reports()
            self._sleep()

    def _sleep(self) -> None:
        # Whoever sets an earlier time while this one is found out wakes this thread.
        self._sleeps_until = math.inf
        due = self._sleeps_until = self._due()
        patience = None if due == math.inf else max(0.0, (due - self._account.clock()) / 1000)
        with suppress(queue.Empty):
            self._wake.get(timeout=patience)
            while True:
                self._wake.get_nowait()

    def _due(self) -> float:
        with self._account.lock:
            times = (self._account.scheduler.next_tick(), self._reclaims.next_due())
        return min((each for each in times if each is not None), default=math.inf)

    def _report(self, report: Callable[[], None]) -> None:
        """Take a report from any thread, which passes it on itself: to wake another for it costs more than to
        do it.
        """
        self._inbox.append(report)
        self._take_reports()

    def _take_reports(self) -> None:
        # Who finds another thread at it leaves the report to that one, which looks again before it goes.
        while self._inbox and self._stepping.acquire(blocking=False):
            try:
                self._steps()
            finally:
                self._stepping.release()
            if self._due() < self._sleeps_until:
                self._wake.put(None)

    def _steps(self) -> None:
        try:
            while self._step():
                pass
        except Exception:
            # One broken step must not leave all other jobs without their runner.
            log.exception("A step of the AWS Batch engine failed: please report it")

    def _step(self) -> bool:
        """Do what there is to do; whether there was anything."""
        account = self._account
        with account.lock:
            reported = bool(self._inbox)
            while self._inbox:
                self._inbox.popleft()()
            now = account.clock()
            for host in self._reclaims.due(now):
                account.scheduler.host_lost(host, now)
            account.scheduler.tick(now)
            effects = account.scheduler.take_effects()
        for effect in effects:
            self._carry_out(effect)
        return bool(effects or reported)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, StateChange | QueueBlocked):
            if self._events is not no_events:
                self._changes.put(effect)
        elif isinstance(effect, StartAttempt):
            key = effect.job.id, effect.child, effect.attempt
            with self._account.lock:
                self._reclaims.seen(effect.host, self._account.clock())
            self._underway[key] = Underway()
            self._starters.start(effect)
        elif isinstance(effect, StopAttempt):
            underway = self._underway.get((effect.job.id, effect.child, effect.attempt))
            if underway is not None:
                underway.ask_to_stop()

    # What becomes of attempts, told by other threads

    def _begun(self, start: StartAttempt, stop: Callable[[], None]) -> None:
        self._report(lambda: self._take_begun(start, stop))

    def _over(self, start: StartAttempt, outcome: Outcome) -> None:
        self._report(lambda: self._take_over(start, outcome))

    def _failed(self, start: StartAttempt, outcome: Outcome) -> None:
        self._report(lambda: self._take_end(start, outcome))

    def _take_begun(self, start: StartAttempt, stop: Callable[[], None]) -> None:
        underway = self._underway[start.job.id, start.child, start.attempt]
        now = self._account.clock()
        self._account.scheduler.started(start.job, start.child, start.attempt, now)
        self._reclaims.begun(start.host, now)
        underway.begin(stop)
        if underway.early is not None:
            self._take_end(start, underway.early)

    def _take_over(self, start: StartAttempt, outcome: Outcome) -> None:
        underway = self._underway[start.job.id, start.child, start.attempt]
        if underway.begun:
            self._take_end(start, outcome)
        else:
            underway.early = outcome

    def _take_end(self, start: StartAttempt, outcome: Outcome) -> None:
        self._underway.pop((start.job.id, start.child, start.attempt), None)
        self._account.scheduler.ended(start.job, start.child, start.attempt, outcome, self._account.clock())

    def _tell(self) -> None:
        while (change := self._changes.get()) is not None:
            try:
                with self._account.lock:
                    event = self._event(change)
                self._events(event)
            except Exception:
                log.exception("The event of job %s could not be delivered", change.job.id)

    def _event(self, change: StateChange | QueueBlocked) -> dict[str, Any]:
        if isinstance(change, QueueBlocked):
            return queue_blocked(self._account, change)
        return state_change(self._account, change)
