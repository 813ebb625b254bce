"""The clients of a job in memory, and what goes wrong with their calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sluice.aws.light_client import is_retried
from sluice.settings import JobSettings
from sluice.testing.faults import FaultPlan
from sluice.testing.memory.buckets import Buckets, Pages
from sluice.testing.memory.tables import Table

INBOX = "inbox"
SETTINGS = JobSettings(
    ledger_table="ledger", work_bucket="work", results_bucket="results", plan_topic="plans"
)
_TRIES = 4
"""How often the clients of AWS try a call that was throttled; see sluice/aws/clients.py."""


@dataclass(slots=True)
class Topic:
    """SNS in memory: the messages that were published and not taken."""

    messages: list[str] = field(default_factory=list)

    def publish(self, *, TopicArn: str, Message: str) -> dict[str, str]:  # noqa: N803 - botocore's names
        """Publish a message."""
        self.messages.append(Message)
        return {"MessageId": str(len(self.messages))}

    def take(self) -> list[str]:
        """Return the messages, each once."""
        taken, self.messages = self.messages, []
        return taken


@dataclass(slots=True)
class Cloud:
    """The services of one run."""

    buckets: Buckets = field(default_factory=lambda: Buckets(INBOX))
    table: Table = field(default_factory=lambda: Table(SETTINGS.ledger_table))
    topic: Topic = field(default_factory=Topic)

    def client(self, service: str) -> Any:
        """Return the client of a service that jobs use."""
        return {"s3": self.buckets, "dynamodb": self.table, "sns": self.topic}[service]


class MachineLostError(BaseException):
    """The machine of this job is gone: nothing of it runs any more."""


@dataclass(slots=True)
class JobClients:
    """The clients of one attempt of a job; once its machine is lost, no call is made any more."""

    cloud: Cloud
    step: str
    faults: FaultPlan
    is_lost: bool = False

    def __call__(self, service: str) -> Any:
        """Return the client of a service."""
        found = self.cloud.client(service)
        return _Faulty(self, service, found) if self.faults.faults else found

    def lose(self) -> None:
        """Lose the machine."""
        self.is_lost = True
        raise MachineLostError(self.step)

    def make(self, service: str, name: str, call: Callable[..., Any], request: dict[str, Any]) -> Any:
        """Make a call, or answer an error; one that AWS's clients try again is tried again."""
        tries = _TRIES
        while True:
            if self.is_lost:
                raise MachineLostError(self.step)
            error = self.faults.refusal(self.step, service, name, request)
            if error is None:
                return call(**request)
            tries -= 1
            if not (tries and is_retried(error)):
                raise error


class _Faulty:
    def __init__(self, clients: JobClients, service: str, real: Any) -> None:
        self._clients, self._service, self._real = clients, service, real

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._real, name)
        return lambda **request: self._clients.make(self._service, name, call, request)

    def get_paginator(self, name: str) -> Pages:
        """Return what reads a listing page by page."""
        return Pages(getattr(self, name))
