"""AWS Batch by our own engine, over the virtual clock, with jobs that run in this process."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.batch.api.account import Account
from local.batch.api.batch_api import BatchApi
from local.batch.api.errors import BatchApiError
from local.batch.api.events import queue_blocked, state_change
from local.batch.api.limits import Limits
from local.batch.cloudformation import HANDLERS
from local.batch.ports import Task, no_credentials, no_secrets, this_machine
from local.batch.runtime.containers import task_of
from scheduler.effects import Effect, QueueBlocked, StartAttempt, StateChange, StopAttempt
from scheduler.retry import Outcome
from scheduler.scheduler import Scheduler
from scheduler.states import SUCCEEDED
from tests.matrix.actors import Actor, Actors, KilledError
from tests.matrix.clock import Clock
from tests.matrix.deployment import Deployment
from tests.matrix.errors import refusal

_STOPPED = 137
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
    throttled: int = 0
    scheduler: Scheduler = field(init=False)
    account: Account = field(init=False)
    api: BatchApi = field(init=False)
    _running: dict[_Key, tuple[StartAttempt, Actor]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make what the templates say."""
        numbers = itertools.count(1)
        self.scheduler = Scheduler(kept_ms=None)
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
        host = next(start.host for start, other in self._running.values() if other is actor)
        return max(self.scheduler.jobs[job].attempts[index] for job, index in host.tasks)

    def lose_host_of(self, actor: Actor) -> None:
        """Take away the machine on which a job runs, with everything else that runs there."""
        start = next(start for start, other in self._running.values() if other is actor)
        gone = [key for key, (other, _) in self._running.items() if other.host is start.host]
        for job, child, _ in gone:
            self.lost[self.scheduler.jobs[job].spec.name, child] += 1
        self.scheduler.host_lost(start.host, self.clock.milliseconds())
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
        if start.job.is_current(start.child, start.attempt) and (
            isinstance(error, KilledError) or actor.reclaimed
        ):
            self.lose_host_of(actor)
        self._running.pop((start.job.id, start.child, start.attempt), None)
        if isinstance(error, SystemExit):
            code = error.code
        elif error is not None and not isinstance(error, KilledError):
            raise error
        self.scheduler.ended(start.job, start.child, start.attempt, Outcome(code), self.clock.milliseconds())
        self._carry_out()

    def _stop(self, stop: StopAttempt) -> None:
        """End an attempt whose machine is gone, or that is to end: nothing of it goes on."""
        start, actor = self._running.pop((stop.job.id, stop.child, stop.attempt), (None, None))
        if start is None or actor is None or actor.over:
            return
        if start.job.is_current(start.child, start.attempt):
            self.scheduler.ended(
                start.job, start.child, start.attempt, Outcome(_STOPPED), self.clock.milliseconds()
            )
            self._carry_out()
        actor.kill()


def _heard(change: StateChange) -> bool:
    """Return whether any rule of ours could match: making an event costs more than what it tells of."""
    return change.status >= SUCCEEDED and (change.child is None or not change.job.has_parent)


class _BatchCalls:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda **parameters: self._fleet.call(name, parameters)


_REGISTERED: dict[int, dict[str, Any]] = {}


def _registered(deployment: Deployment) -> dict[str, Any]:
    """Return the job definitions as the engine keeps them: they never change, so every harness shares
    them.
    """
    if id(deployment) not in _REGISTERED:
        api = BatchApi(Account(Scheduler()))
        create = HANDLERS(api)["AWS::Batch::JobDefinition"]["create"]
        for kind, name, properties in deployment.batch:
            if kind == "AWS::Batch::JobDefinition":
                create(name, properties, "")
        _REGISTERED[id(deployment)] = api.account.definitions
    return _REGISTERED[id(deployment)]
