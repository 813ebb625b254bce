"""The wall-clock runtime: one thread that carries out what the scheduler asks for."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any

from local.batch.account import Account
from local.batch.containers import task_of
from local.batch.effects import Effect, QueueBlocked, StartAttempt, StateChange, StopAttempt
from local.batch.events import queue_blocked, state_change
from local.batch.job import Job
from local.batch.ports import Credentials, EventSink, Executor, Images, Secrets, StartFailedError, no_events
from local.batch.reasons import START_FAILED
from local.batch.retry import Outcome
from local.batch.trouble import Reclaims, Trouble, TroubledEvents, UnpullableImages

log = logging.getLogger(__name__)

_Key = tuple[str, int, int]


class Runner:
    """Starts and stops attempts, reports their ends to the scheduler, wakes it when time has come, tells of changes."""

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
        self._credentials = credentials
        self._secrets = secrets
        self._environment = environment
        self.trouble(Trouble())
        self._wake = threading.Event()
        self._inbox: deque[Callable[[], None]] = deque()
        self._stops: dict[_Key, Callable[[], None]] = {}
        self._changes: queue.SimpleQueue[StateChange | QueueBlocked | None] = queue.SimpleQueue()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._loop, name="batch-runner", daemon=True),
            threading.Thread(target=self._tell, name="batch-events", daemon=True),
        ]
        account.changed = self._wake.set

    def trouble(self, trouble: Trouble) -> None:
        """From now on trouble hosts, images and events as `trouble` says, and no others; call it with the account's lock."""
        clean = self._clean_events
        self._events = TroubledEvents(clean, trouble) if trouble.troubles_events and clean is not no_events else clean
        self._images = UnpullableImages(self._clean_images, trouble.unpullable) if trouble.unpullable else self._clean_images
        self._reclaims = Reclaims(trouble.reclaims_an_hour, Random(trouble.seed))  # noqa: S311 - repeatable, not secret
        for environment in self._account.scheduler.environments.values():
            for host in environment.hosts.values():
                self._reclaims.seen(host, self._account.clock())

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End every process that was started, and the threads."""
        self._closing = True
        self._wake.set()
        self._threads[0].join()
        self._executor.close()
        self._changes.put(None)
        self._threads[1].join()

    def _loop(self) -> None:
        while not self._closing:
            self._wake.clear()
            try:
                while self._step():
                    pass
            except Exception:
                # One broken step must not leave all other jobs without their runner.
                log.exception("A step of the AWS Batch engine failed: please report it")
            self._wake.wait(self._patience())

    def _step(self) -> bool:
        """Do what there is to do; whether there was anything."""
        account = self._account
        with account.lock:
            reported = 0
            while self._inbox:
                self._inbox.popleft()()
                reported += 1
            now = account.clock()
            for host in self._reclaims.due(now):
                account.scheduler.host_lost(host, now)
            account.scheduler.tick(now)
            effects = account.scheduler.take_effects()
        for effect in effects:
            self._carry_out(effect)
        return bool(effects or reported)

    def _patience(self) -> float | None:
        with self._account.lock:
            times = (self._account.scheduler.next_tick(), self._reclaims.next_due())
        due = [each for each in times if each is not None]
        return max(0.0, (min(due) - self._account.clock()) / 1000) if due else None

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, StateChange | QueueBlocked):
            if self._events is not no_events:
                self._changes.put(effect)
        elif isinstance(effect, StartAttempt):
            self._start(effect)
        elif isinstance(effect, StopAttempt):
            stop = self._stops.get((effect.job.id, effect.child, effect.attempt))
            if stop is not None:
                stop()

    def _start(self, start: StartAttempt) -> None:
        job, child, attempt = start.job, start.child, start.attempt
        with self._account.lock:
            self._reclaims.seen(start.host, self._account.clock())
        ended = partial(self._ended, job, child, attempt)
        try:
            task = task_of(start, self._images, self._credentials, self._secrets, self._environment)
            self._stops[job.id, child, attempt] = self._executor.start(task, ended)
        except StartFailedError as error:
            ended(Outcome(error.exit_code, error.reason, START_FAILED))
            return
        except Exception as error:
            log.exception("Attempt %d of job %s could not be started", attempt, job.id)
            ended(Outcome(None, f"ResourceInitializationError: {error}", START_FAILED))
            return
        with self._account.lock:
            self._account.scheduler.started(job, child, attempt, self._account.clock())

    def _ended(self, job: Job, child: int, attempt: int, outcome: Outcome) -> None:
        """Take an end from any thread; the runner's own thread passes it on, after the attempt's start."""
        self._inbox.append(partial(self._report, job, child, attempt, outcome))
        self._wake.set()

    def _report(self, job: Job, child: int, attempt: int, outcome: Outcome) -> None:
        self._stops.pop((job.id, child, attempt), None)
        self._account.scheduler.ended(job, child, attempt, outcome, self._account.clock())

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
