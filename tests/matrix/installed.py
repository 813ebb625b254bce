"""The real handlers and the real job code, made to live in a harness: their clients, their clocks, their
sleep.

Loaded once in a process: what they reach is the harness that ``inhabit`` names at the time.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import os
import random
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import cache, cached_property, partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cli.cloud import Cloud
from containers.backfill import steps as backfill
from containers.start import submit as start
from sluice.advance.advancer import Advancer
from sluice.aws import clients
from sluice.aws.rate_limiter import RateLimiter
from sluice.backfill import starters
from sluice.backfill.job import BackfillJob
from sluice.grouping.gathering import Gatherer
from sluice.runtime import __main__ as job
from sluice.runtime import registration
from sluice.runtime.step_function import StepFunction
from sluice.runtime.stored import result_parts as parts
from sluice.runtime.supervisor import supervising
from sluice.sets.gathering import SetGatherer
from sluice.settings import BackfillSettings, JobSettings, Settings, StartSettings, SubmissionSettings
from tests.matrix.calls import Client
from tests.matrix.deployment import Deployment
from tests.matrix.scenarios import SMALLER

if TYPE_CHECKING:
    from tests.matrix.harness import Harness

_here: list[Harness] = []


def here() -> Harness:
    """Return the harness that lives now."""
    return _here[-1]


@contextmanager
def inhabit(harness: Harness) -> Iterator[None]:
    """Let all handlers and jobs live in this harness; what they print is kept there. Nothing of it stays
    afterwards.
    """
    changes = [*_changes(), *SMALLER, (os, "environ", {**os.environ, "AWS_REGION": "us-east-1"})]
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    _here.append(harness)
    try:
        for module, name, value in changes:
            setattr(module, name, value)
        with redirect_stdout(harness.printed), redirect_stderr(harness.printed):
            yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        _here.pop()


@cache
def _changes() -> list[tuple[Any, str, Any]]:
    """Return what is replaced while a harness lives, and with what."""
    load = StepFunction.load
    return [
        (job, "client", client),
        (job, "wait_for_registration", partial(registration.wait_for_registration, sleep=sleep)),
        (StepFunction, "load", lambda function, kind: here().noted(kind, load(function, kind))),
        (supervising, "Parts", partial(parts.Parts, clock=lambda: here().clock.seconds)),
        (parts, "Parts", partial(parts.Parts, clock=lambda: here().clock.seconds)),
        (concurrent.futures, "ThreadPoolExecutor", _AtOnce),
        (start, "client", client),
        (start, "StartSettings", _OfJob(StartSettings)),
        (backfill, "client", client),
        *(
            (backfill, one.__name__, _OfJob(one))
            for one in (BackfillSettings, JobSettings, SubmissionSettings)
        ),
        (backfill, "BackfillJob", partial(BackfillJob, now=now)),
        (starters, "Gatherer", partial(Gatherer, now=now, sleep=sleep)),
        (start, "Advancer", partial(Advancer, now=now, sleep=sleep)),
        (start, "RateLimiter", partial(RateLimiter, clock=lambda: here().clock.seconds, sleep=sleep)),
        (start, "submit_all", partial(start.submit_all, sleep=sleep)),
        (uuid, "uuid4", lambda: uuid.UUID(int=random.getrandbits(128), version=4)),
        (time, "sleep", sleep),  # Steps that wait for somebody else wait here too.
        *_locks(Cloud),
    ]


def _locks(kind: type) -> Iterator[tuple[Any, str, Any]]:
    """Yield the locks that Python before 3.12 holds for all instances of a class: an actor would wait for
    another, whose turn it is not.

    Source: https://docs.python.org/3/library/functools.html#functools.cached_property
    """
    for value in vars(kind).values():
        if isinstance(value, cached_property) and hasattr(value, "lock"):
            yield value, "lock", nullcontext()


def handlers(deployment: Deployment) -> Mapping[str, ModuleType]:
    """Return the handler of each function, loaded with the settings that the templates give it."""
    return _loaded(
        tuple(
            (stage, tuple(sorted(one.environment.items())))
            for stage, one in sorted(deployment.functions.items())
        )
    )


@cache
def _loaded(functions: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Mapping[str, ModuleType]:
    """Load modules of our own, which no other test of this process meets."""
    theirs = {
        name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "lambdas"
    }
    variables, real = dict(os.environ), (clients.client, clients.full_client)
    clients.client = clients.full_client = client
    try:
        return {stage: _load(stage, dict(environment)) for stage, environment in functions}
    finally:
        clients.client, clients.full_client = real
        os.environ.clear()
        os.environ.update(variables)
        for name in [name for name in sys.modules if name.partition(".")[0] == "lambdas"]:
            del sys.modules[name]
        sys.modules.update(theirs)


def _load(stage: str, environment: dict[str, str]) -> ModuleType:
    os.environ.update(
        environment,
        AWS_REGION="us-east-1",
        POWERTOOLS_METRICS_DISABLED="true",
        POWERTOOLS_LOG_LEVEL="CRITICAL",
    )
    module = importlib.import_module(f"lambdas.{stage}.handler")
    for name, value in list(vars(module).items()):
        setattr(module, name, _living(name, value))
    for one in [
        module
        for name, module in sys.modules.items()
        if name.partition(".")[0] == "lambdas" and hasattr(module, "logger")
    ]:
        one.logger = _Log  # type: ignore[attr-defined]
    return module


def _living(name: str, value: Any) -> Any:
    """Return what a name of a handler stands for in a harness: with its clock, and its sleep."""
    if value is datetime:
        return VirtualTime
    if isinstance(value, Advancer | Gatherer):
        return replace(value, now=now, sleep=sleep)
    if isinstance(value, SetGatherer):
        return replace(value, now=now)
    if name == "catch_ups":
        return replace(value, now=now, monotonic=lambda: here().clock.seconds)
    return partial(value, sleep=sleep) if name == "upstream_runs" else value


class _Log:
    """Keeps what the handlers say with what the jobs print."""

    @staticmethod
    def info(message: str, **facts: Any) -> None:
        print(f"{here().clock.seconds:.2f} {getattr(here().actors.current, 'name', '')}: {message} {facts}")

    warning = error = info

    @staticmethod
    def exception(message: str, **facts: Any) -> None:
        _Log.info(message, **facts)
        traceback.print_exc()


def now() -> datetime:
    """Return the time by the clock of the actor whose turn it is."""
    return here().now()


def sleep(seconds: float) -> None:
    """Sleep in virtual time."""
    here().actors.sleep(seconds)


@cache
def client(service: str) -> Client:
    """Return what stands for a service's clients."""
    return Client(service, lambda: here().calls)


class _OfJob:
    """Reads what the definition of the job that asks tells it: all jobs of a harness are in one process."""

    def __init__(self, kind: type[Settings]) -> None:
        self._kind = kind

    def from_env(self) -> Settings:
        actor = here().actors.current
        assert actor is not None
        return self._kind.from_env(actor.variables)


class VirtualTime(datetime):
    """The class datetime, but that it is now when the harness says it is."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """Return the time by the clock of the actor whose turn it is."""
        return here().now().astimezone(tz)


class _AtOnce:
    """A pool without threads: the order of the calls is the order in which they are asked for."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def __enter__(self) -> _AtOnce:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, function: Callable[..., Any], *given: Any) -> concurrent.futures.Future[Any]:
        done: concurrent.futures.Future[Any] = concurrent.futures.Future()
        done.set_result(function(*given))
        return done
