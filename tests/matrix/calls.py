"""The one place through which every AWS call goes: it counts them, lets them go wrong, and repeats them as
the SDK does.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from sluice.aws.light_client import is_retried
from sluice.runtime.errors import Stopped
from sluice.runtime.exit_codes import STOPPED
from sluice.testing.memory.buckets import Pages
from sluice.testing.memory.refusals import refusal
from tests.matrix.actors import Actor, Actors
from tests.matrix.faults import BATCH_TRIES, OTHER_TRIES, Call, Fault

_LATENCY = 0.02
_BACKOFF = 0.05
_THROTTLES = {"batch": ("TooManyRequestsException", 429), "s3": ("SlowDown", 503)}
Choice = Callable[[Call], Fault | None]
Service = Mapping[str, Any]


class Calls:
    """Makes the calls of all actors; ``choose`` says which go wrong, and how."""

    def __init__(self, services: Mapping[str, Any], actors: Actors, choose: Choice) -> None:
        """Have made none."""
        self.made: list[Call] = []
        self.effects: list[tuple[str, str, dict[str, Any], Any]] = []
        self.latency: Callable[[], float] = lambda: _LATENCY
        self.seconds: Callable[[Fault], float] = lambda fault: 0.0
        """How long a fault that takes time takes."""
        self.keep_effects = False
        self._services, self._actors, self._choose = services, actors, choose
        self._clock = actors.clock
        self._tokens = itertools.count()

    def make(self, service: str, name: str, parameters: dict[str, Any]) -> Any:
        """Make a call for the actor whose turn it is."""
        actor = self._actors.current
        assert actor is not None, f"{service}.{name} was called outside of a Lambda and of a job"
        actor.must_live()
        call = Call(len(self.made), actor.stage, actor.name, service, name)
        self.made.append(call)
        fault = self._choose(call)
        if fault is Fault.ASKED_TO_STOP:
            actor.reclaimed, actor.to_raise = True, Stopped(STOPPED)
        if name == "transact_write_items":
            parameters = {"ClientRequestToken": f"token-{next(self._tokens)}", **parameters}
        if fault is Fault.PAUSED:
            actor.wait(self.seconds(fault))
        actor.call_began = self._clock.seconds
        actor.wait(self.latency())
        tries = BATCH_TRIES if service == "batch" else OTHER_TRIES
        for attempt in range(tries):
            try:
                return self._try(call, fault, attempt, actor, parameters)
            except (ClientError, ReadTimeoutError) as error:
                if attempt == tries - 1 or not is_retried(error):
                    raise
                actor.wait(_BACKOFF * 2**attempt)
                actor.call_began = self._clock.seconds
        raise AssertionError("unreachable: the last try answers or raises")

    def _try(
        self, call: Call, fault: Fault | None, attempt: int, actor: Actor, parameters: dict[str, Any]
    ) -> Any:
        if fault is Fault.DIES_BEFORE:
            actor.die()
        if attempt == 0:
            _refuse_first(call, fault)
        if fault is Fault.OUTAGE:
            raise refusal("ServiceUnavailable", call.name, status=503)
        if fault is Fault.NO_ANSWER or (attempt == 0 and fault is Fault.ANSWER_LOST):
            self._lose_answer(call, parameters)
        if fault is Fault.DIES_AFTER:
            try:
                self._effect(call, parameters)
            finally:
                actor.die()
        return self._answer(call, fault, attempt, actor, parameters)

    def _answer(
        self, call: Call, fault: Fault | None, attempt: int, actor: Actor, parameters: dict[str, Any]
    ) -> Any:
        """Let a call take effect and return its answer, each now or later."""
        if fault is Fault.LATE_EFFECT and attempt == 0:
            self._clock.later(self.seconds(fault), lambda: self._effect_of_nobody(call, parameters))
            raise ReadTimeoutError(endpoint_url=f"https://{call.service}")
        answer = self._effect(call, parameters)
        if fault is Fault.LATE_ANSWER:
            actor.wait(self.seconds(fault))
        return answer

    def _effect_of_nobody(self, call: Call, parameters: dict[str, Any]) -> None:
        with contextlib.suppress(ClientError):
            self._effect(call, parameters)

    def _lose_answer(self, call: Call, parameters: dict[str, Any]) -> None:
        with contextlib.suppress(ClientError):
            self._effect(call, parameters)
        raise ReadTimeoutError(endpoint_url=f"https://{call.service}")

    def _effect(self, call: Call, parameters: dict[str, Any]) -> Any:
        answer: Any = None
        try:
            answer = getattr(self._services[call.service], call.name)(**parameters)
        except ClientError as error:
            answer = error
            raise
        finally:
            if self.keep_effects:
                self.effects.append((call.service, call.name, parameters, answer))
        return answer


def _refuse_first(call: Call, fault: Fault | None) -> None:
    """Raise the error of a fault that the SDK's first try meets."""
    if fault is Fault.REFUSED:
        code, status = _THROTTLES.get(call.service, ("ThrottlingException", 400))
        raise refusal(code, call.name, status=status)
    if fault is Fault.CONFLICT:
        raise _conflict(call.name)


def _conflict(name: str) -> ClientError:
    """Source:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling.
    """
    if name == "transact_write_items":
        return refusal(
            "TransactionCanceledException", name, reasons=[{"Code": "TransactionConflict"}, {"Code": "None"}]
        )
    return refusal("TransactionConflictException", name)


class Client:
    """Stands for the clients of a service, for every caller: ``client.put_object(...)``."""

    def __init__(self, service: str, calls: Callable[[], Calls]) -> None:
        """Make calls of this service through what ``calls`` returns at the time."""
        self._service, self._calls = service, calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the call of that name."""
        return lambda **parameters: self._calls().make(self._service, name, parameters)

    def get_paginator(self, name: str) -> Pages:
        """Return what reads a listing page by page."""
        return Pages(getattr(self, name))
