"""AWS Batch by our own engine, over the virtual clock, with jobs that run in this process."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from local.batch.api.account import Account
from local.batch.api.batch_api import BatchApi
from local.batch.api.errors import BatchApiError
from local.batch.api.events import queue_blocked, state_change
from local.batch.api.limits import Limits
from local.batch.cloudformation import HANDLERS
from local.batch.ports import Task, no_credentials, no_secrets, this_machine
from local.batch.runtime.containers import task_of
from local.batch.runtime.fault_injection import DOCKER_TIMEOUT
from scheduler.capacity.hosts import Host
from scheduler.effects import Effect, QueueBlocked, StartAttempt, StateChange, StopAttempt
from scheduler.retry import Outcome
from scheduler.scheduler import Scheduler
from scheduler.states import FAILED, SUCCEEDED
from sluice.runtime.errors import Stopped
from sluice.runtime.exit_codes import STOPPED
from sluice.runtime.worker.forked import STOP_SECONDS
from sluice.testing.memory.refusals import refusal
from tests.matrix.actors import Actor, Actors, KilledError
from tests.matrix.clock import Clock
from tests.matrix.deployment import Deployment

_KILLED = 137
KILL_SECONDS = 30.0
"""Between SIGTERM and SIGKILL:
https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
"""
_Key = tuple[str, int, int]


@dataclass(slots=True)
class Fleet:
    """A Batch account. ``run`` does the work of a task and returns its exit code; ``on_event`` receives every
    event.

    ``lost`` counts the attempts that their machine took along, by the job's name and the child.
    """

    deployment: Deployment
    clock: Clock
    actors: Actors
    run: Callable[[Task], int]
    on_event: Callable[[dict[str, Any]], None]
    start_seconds: Callable[[], float] = lambda: 0.5
    lost: Counter[tuple[str, int]] = field(default_factory=Counter)
    submits_a_second: float | None = None
    kept_ms: int | None = None
    """How long AWS Batch describes a job that has ended, in milliseconds; None: for ever."""
    throttled: int = 0
    noticed: set[str] = field(default_factory=set)
    """The machines that are about to be taken away."""
    lost_in_time: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Those attempts of the lost ones whose machine had given notice."""
    lingering: set[Actor] = field(default_factory=set)
    """Processes that live on though AWS Batch takes their machines for lost."""
    works_on: Callable[[], float] = lambda: 0.0
    """For how many seconds a job that is to end goes on working, as code does that does not see SIGTERM."""
    killed: set[tuple[str, str, str]] = field(default_factory=set)
    """Attempts that still lived 30 seconds after they were to end, by job, child and attempt: nothing of them
    could be stored any more.
    """
    exits: dict[tuple[str, int], float] = field(default_factory=dict)
    """When a process of a job and child first ended with code 0, in seconds, by the job's name."""
    failures: dict[str, float] = field(default_factory=dict)
    """When a job first failed for good, in seconds, by its name."""
    scheduler: Scheduler = field(init=False)
    account: Account = field(init=False)
    api: BatchApi = field(init=False)
    _running: dict[_Key, tuple[StartAttempt, Actor]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make what the templates say."""
        numbers = itertools.count(1)
        self.scheduler = Scheduler(kept_ms=self.kept_ms)
        limits = Limits(submits_a_second=self.submits_a_second)
        self.account = Account(
            self.scheduler,
            clock=self.clock.milliseconds,
            limits=limits,
            new_id=lambda: f"{next(numbers):08d}-0000-4000-8000-000000000000",
        )
        self.api = BatchApi(self.account)
        handlers = HANDLERS(self.api)
        for kind, name, properties in self.deployment.batch:
            if kind == "AWS::Batch::JobDefinition":
                self.account.definitions[properties["JobDefinitionName"]] = _registered(self.deployment)[
                    properties["JobDefinitionName"]
                ]
            else:
                handlers[kind]["create"](name, properties, "")

    def client(self) -> Any:
        """Return what answers as a low-level client of AWS Batch does."""
        return _BatchCalls(self)

    def call(self, name: str, parameters: dict[str, Any]) -> Any:
        """Answer a call, and let it have its effects."""
        operation = "".join(word.capitalize() for word in name.split("_"))
        try:
            return self.api.call(operation, parameters)
        except BatchApiError as error:
            self.throttled += error.status == 429
            raise refusal(error.code, operation, status=error.status, message=error.message) from error
        finally:
            self._carry_out()

    def unfinished(self) -> list[str]:
        """Return the names of the jobs that have not ended."""
        return [job.spec.name for job in self.scheduler.jobs.values() if not job.is_over]

    def attempts_beside(self, actor: Actor) -> int:
        """Return how many attempts whatever would go with the machine of a job has behind it already, at
        most.
        """
        host = self._host_of(actor)
        if host is None:
            return 0
        return max(self.scheduler.jobs[job].attempts[index] for job, index in host.tasks)

    def lose_host_of(self, actor: Actor, *, lingers: bool = False) -> None:
        """Take away the machine on which a job runs, with everything else that runs there; a job that
        ``lingers`` goes on, and only AWS Batch takes it for lost.
        """
        host = self._host_of(actor)
        if host is None:
            return
        if lingers:
            self.lingering.add(actor)
        self._lose(host)

    def notice_host_of(self, actor: Actor, seconds: float) -> None:
        """Take away the machine on which a job runs after so many seconds, of which its jobs have notice."""
        host = self._host_of(actor)
        if host is not None:
            self.noticed.add(host.id)
            self.clock.later(seconds, partial(self._lose, host), idle=True)

    def is_noticed(self, actor: Actor) -> bool:
        """Return whether the machine on which a job runs is about to be taken away."""
        host = self._host_of(actor)
        return host is not None and host.id in self.noticed

    def _host_of(self, actor: Actor) -> Host | None:
        return next((start.host for start, other in self._running.values() if other is actor), None)

    def _lose(self, host: Host) -> None:
        gone = [key for key, (other, _) in self._running.items() if other.host is host]
        for job, child, _ in gone:
            name = self.scheduler.jobs[job].spec.name
            self.lost[name, child] += 1
            self.lost_in_time[name, child] += host.id in self.noticed
        self.scheduler.host_lost(host, self.clock.milliseconds())
        self._carry_out()

    def _carry_out(self) -> None:
        self.scheduler.tick(self.clock.milliseconds())
        while effects := self.scheduler.take_effects():
            for effect in effects:
                self._carry_out_one(effect)
        due = self.scheduler.next_tick()
        if due is not None:
            self.clock.later((due - self.clock.milliseconds()) / 1000 + 0.001, self._carry_out, idle=True)

    def _carry_out_one(self, effect: Effect) -> None:
        if isinstance(effect, StartAttempt):
            self.clock.later(self.start_seconds(), lambda: self._begin(effect))
        elif isinstance(effect, StopAttempt):
            self.clock.later(0, lambda: self._stop(effect))
        elif isinstance(effect, QueueBlocked):
            self.on_event(queue_blocked(self.account, effect))
        elif _heard(effect):
            if effect.status == FAILED and effect.child is None:
                self.failures.setdefault(effect.job.spec.name, self.clock.seconds)
            self.on_event(state_change(self.account, effect))

    def _begin(self, start: StartAttempt) -> None:
        if not start.job.is_current(start.child, start.attempt):
            return
        task = task_of(start, this_machine, no_credentials, no_secrets, {})
        name = f"{start.job.spec.name.split('_', 1)[1]}:{start.child} attempt {start.attempt}"
        actor = self.actors.start(
            name, "job", lambda: self.run(task), lambda code, error: self._ended(start, actor, code, error)
        )
        actor.facts = {
            "job": start.job.id,
            "name": start.job.spec.name,
            "child": str(start.child),
            "attempt": str(start.attempt),
        }
        self._running[start.job.id, start.child, start.attempt] = start, actor
        self.scheduler.started(start.job, start.child, start.attempt, self.clock.milliseconds())
        self._carry_out()

    def _ended(self, start: StartAttempt, actor: Actor, code: Any, error: BaseException | None) -> None:
        is_unheard = "unheard" in actor.facts
        is_killed = _place(actor) in self.killed
        is_lost = actor.reclaimed or (isinstance(error, KilledError) and not (is_unheard or is_killed))
        if is_lost and start.job.is_current(start.child, start.attempt):
            self.lose_host_of(actor)
        self._running.pop((start.job.id, start.child, start.attempt), None)
        code = _exit_code(code, error)
        if code == 0:
            self.exits.setdefault((start.job.spec.name, start.child), self.clock.seconds)
        outcome = DOCKER_TIMEOUT if is_unheard else Outcome(_KILLED if is_killed else code)
        self.scheduler.ended(start.job, start.child, start.attempt, outcome, self.clock.milliseconds())
        self._carry_out()

    def _stop(self, stop: StopAttempt) -> None:
        """End an attempt that is to end, within 30 seconds, or at once when its machine is gone."""
        key = stop.job.id, stop.child, stop.attempt
        _, actor = self._running.get(key, (None, None))
        if actor is None or actor.over or actor in self.lingering:
            self._running.pop(key, None)
        elif stop.job.is_current(stop.child, stop.attempt):
            self._terminate(actor)
        else:
            del self._running[key]
            actor.kill()

    def _terminate(self, actor: Actor) -> None:
        """Send SIGTERM, which user's code may not see for a while, and SIGKILL after 30 seconds. A supervisor
        ends a worker that does not see it before.
        """
        seconds = self.works_on()
        seconds = min(seconds, STOP_SECONDS) if actor.is_supervised else seconds
        self.clock.later(seconds, partial(actor.interrupt, Stopped(STOPPED)), idle=True)
        self.clock.later(KILL_SECONDS, partial(self._kill, actor), idle=True)

    def _kill(self, actor: Actor) -> None:
        if not actor.over:
            self.killed.add(_place(actor))
            actor.kill()


def _place(actor: Actor) -> tuple[str, str, str]:
    return actor.facts["job"], actor.facts["child"], actor.facts["attempt"]


def _exit_code(code: Any, error: BaseException | None) -> Any:
    """Return with which code a process ended; None for one that was killed."""
    if isinstance(error, SystemExit):
        return error.code
    if error is not None and not isinstance(error, KilledError):
        raise error
    return code


def _heard(change: StateChange) -> bool:
    """Return whether any rule of ours could match: making an event costs more than what it tells of."""
    return change.status >= SUCCEEDED and (change.child is None or not change.job.has_parent)


class _BatchCalls:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda **parameters: self._fleet.call(name, parameters)


_REGISTERED: dict[int, tuple[Any, dict[str, Any]]] = {}


def _registered(deployment: Deployment) -> dict[str, Any]:
    """Return the job definitions as the engine keeps them: they never change, so every harness shares
    them.
    """
    resources = deployment.batch
    if id(resources) not in _REGISTERED:
        api = BatchApi(Account(Scheduler()))
        create = HANDLERS(api)["AWS::Batch::JobDefinition"]["create"]
        for kind, name, properties in resources:
            if kind == "AWS::Batch::JobDefinition":
                create(name, properties, "")
        _REGISTERED[id(resources)] = resources, api.account.definitions
    return _REGISTERED[id(resources)][1]
