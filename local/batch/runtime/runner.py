"""The wall-clock runtime: it carries out the scheduler's effects, and reports to it what became of them."""

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
from local.batch.faults import NO_FAULTS, Faults
from local.batch.ports import Credentials, EventSink, Executor, Images, Secrets, no_events
from local.batch.runtime.fault_injection import FailingPulls, FaultyEvents, SilentDocker
from local.batch.runtime.in_flight import InFlight
from local.batch.runtime.launchers import Launchers, Reports
from local.batch.runtime.spot_notices import SpotNotices
from scheduler.capacity.hosts import Host
from scheduler.capacity.interruptions import SpotInterruptions
from scheduler.effects import Effect, QueueBlocked, StartAttempt, StateChange, StopAttempt
from scheduler.retry import Outcome

log = logging.getLogger(__name__)

_Key = tuple[str, int, int]


class Runner:
    """Starts and stops attempts, reports their ends to the scheduler, ticks it when something is due, and
    publishes changes.
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
        self._faultless_events = events
        self._faultless_images = images
        self._inbox: deque[Callable[[], None]] = deque()
        self._stepping = threading.Lock()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._sleeps_until = math.inf
        self._in_flight: dict[_Key, InFlight] = {}
        self._notices = SpotNotices()
        self._changes: queue.SimpleQueue[StateChange | QueueBlocked | None] = queue.SimpleQueue()
        self._closing = False
        self._runner = threading.Thread(target=self._loop, name="batch-runner", daemon=True)
        self._publisher = threading.Thread(target=self._publish, name="batch-events", daemon=True)
        reports = Reports(self._started, self._ended, self._failed)
        self._launchers = Launchers(executor, images, credentials, secrets, environment, reports)
        self.inject(NO_FAULTS)
        account.changed = partial(self._wake.put, None)

    def inject(self, faults: Faults) -> None:
        """From now on inject these faults into hosts, images and events, and no others; call it with the
        account's lock.
        """
        events, images = self._faultless_events, self._faultless_images
        are_faulty = faults.affect_events and events is not no_events
        self._events = FaultyEvents(events, faults) if are_faulty else events
        pulls = faults.failing_pulls
        self._launchers.images = FailingPulls(images, pulls) if pulls else images
        self._notice_seconds = faults.notice_seconds
        self._docker = SilentDocker(faults)
        random = Random(faults.seed)  # noqa: S311 - repeatable, not secret
        self._interruptions = SpotInterruptions(
            faults.interruptions_per_hour, random, faults.interrupted_attempts
        )
        for environment in self._account.scheduler.environments.values():
            for host in environment.hosts.values():
                self._interruptions.host_used(host, self._account.clock())

    def interrupt(self, host: Host, notice_seconds: float) -> None:
        """Take away a host, a spot instance after its notice; call it with the account's lock."""
        now = self._account.clock()
        if host.environment.spec.has_notices and notice_seconds:
            self._notices.give(host, now + int(notice_seconds * 1000))
        else:
            self._account.scheduler.host_lost(host, now)

    def start(self) -> None:
        """Begin."""
        for thread in (self._runner, self._publisher):
            thread.start()
        self._launchers.open()

    def close(self) -> None:
        """End every process that was started, and the threads."""
        self._closing = True
        self._wake.put(None)
        self._runner.join()
        self._launchers.close()
        self._executor.close()
        self._changes.put(None)
        self._publisher.join()

    def _loop(self) -> None:
        """What is due at a time, and what callers of the API changed."""
        while not self._closing:
            with self._stepping:
                self._steps()
            self._take_reports()
            self._sleep()

    def _sleep(self) -> None:
        # The thread that sets an earlier time while this one is found out wakes this thread.
        self._sleeps_until = math.inf
        due = self._sleeps_until = self._due()
        timeout = None if due == math.inf else max(0.0, (due - self._account.clock()) / 1000)
        with suppress(queue.Empty):
            self._wake.get(timeout=timeout)
            while True:
                self._wake.get_nowait()

    def _due(self) -> float:
        with self._account.lock:
            scheduler, interruptions = self._account.scheduler, self._interruptions
            times = (scheduler.next_tick(), interruptions.next_due(), self._notices.next_due())
        return min((each for each in times if each is not None), default=math.inf)

    def _report(self, report: Callable[[], None]) -> None:
        """Take a report from any thread, which passes it on itself: to wake another for it costs more than to
        do it.
        """
        self._inbox.append(report)
        self._take_reports()

    def _take_reports(self) -> None:
        # A thread that finds another one at it leaves the report to that one, which looks again at its end.
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
            for host in self._interruptions.due(now):
                self.interrupt(host, self._notice_seconds)
            for host in self._notices.due(now):
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
                self._interruptions.host_used(effect.host, self._account.clock())
            self._in_flight[key] = InFlight()
            self._launchers.start(effect)
        elif isinstance(effect, StopAttempt):
            in_flight = self._in_flight.get((effect.job.id, effect.child, effect.attempt))
            if in_flight is not None:
                in_flight.request_stop()

    # Reports of other threads

    def _started(self, start: StartAttempt, stop: Callable[[], None]) -> None:
        self._report(lambda: self._take_start(start, stop))

    def _ended(self, start: StartAttempt, outcome: Outcome) -> None:
        self._report(lambda: self._take_end_report(start, self._docker.reported(outcome)))

    def _failed(self, start: StartAttempt, outcome: Outcome) -> None:
        self._report(lambda: self._take_end(start, outcome))

    def _take_start(self, start: StartAttempt, stop: Callable[[], None]) -> None:
        in_flight = self._in_flight[start.job.id, start.child, start.attempt]
        now = self._account.clock()
        self._account.scheduler.started(start.job, start.child, start.attempt, now)
        self._interruptions.attempt_started(start.host, now)
        in_flight.start(stop)
        if in_flight.early_end is not None:
            self._take_end(start, in_flight.early_end)

    def _take_end_report(self, start: StartAttempt, outcome: Outcome) -> None:
        in_flight = self._in_flight[start.job.id, start.child, start.attempt]
        if in_flight.has_started:
            self._take_end(start, outcome)
        else:
            in_flight.early_end = outcome

    def _take_end(self, start: StartAttempt, outcome: Outcome) -> None:
        self._in_flight.pop((start.job.id, start.child, start.attempt), None)
        self._account.scheduler.ended(start.job, start.child, start.attempt, outcome, self._account.clock())

    def _publish(self) -> None:
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
