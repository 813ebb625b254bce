"""Clients of a job of which one call fails, as it does when the SDK has given up repeating it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import EndpointConnectionError

from sluice.aws import clients
from tests.sluice.clouds import refused

TRANSIENT = {
    "throttled": refused("ThrottlingException", "Rate exceeded"),
    "throughput": refused("ProvisionedThroughputExceededException", "Too fast"),
    "slow down": refused("SlowDown", "Please reduce your request rate", 503),
    "outage": refused("InternalServerError", "We encountered an internal error", 500),
    "no connection": EndpointConnectionError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com"),
}


@dataclass(slots=True)
class FailingClients:
    """Makes clients and counts their calls, and each client that is made as one; call ``at`` fails."""

    error: Exception
    at: int
    calls: list[str] = field(default_factory=list)
    begun: bool = False
    """Whether the step's function began before the call that fails."""

    def client(self, service: str) -> Any:
        """Return a client, in the variables of ``sluice.aws.clients.client``."""
        self.count(f"make {service}")
        return _Client(clients.client(service), self)

    def count(self, call: str) -> None:
        """Note a call; fail if it is the one that fails."""
        number = len(self.calls)
        self.calls.append(call)
        if number == self.at:
            raise self.error

    def failed(self) -> bool:
        """Return whether the call that fails was made."""
        return len(self.calls) > self.at


@dataclass(frozen=True, slots=True)
class _Client:
    real: Any
    calls: FailingClients

    def __getattr__(self, name: str) -> Any:
        if name == "get_paginator":
            return lambda operation: _Paginator(self.real.get_paginator(operation), operation, self.calls)

        def call(**parameters: Any) -> Any:
            self.calls.count(name)
            return getattr(self.real, name)(**parameters)

        return call


@dataclass(frozen=True, slots=True)
class _Paginator:
    real: Any
    operation: str
    calls: FailingClients

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        self.calls.count(self.operation)
        yield from self.real.paginate(**parameters)
