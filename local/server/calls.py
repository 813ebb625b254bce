"""How many AWS API calls were made at the endpoint, by whom."""

from collections import Counter
from dataclasses import dataclass
from threading import Lock

from local.server.operations import Request, operation


@dataclass(frozen=True, order=True)
class Call:
    """Who called what: a role's or user's name or "root", the service, the operation."""

    principal: str
    service: str
    operation: str


class CallCounter:
    """Counts calls. Refused and failed ones count too: AWS counts and throttles them as well."""

    def __init__(self) -> None:
        self._counts: Counter[Call] = Counter()
        self._lock = Lock()

    def record(self, principal: str, service: str, request: Request) -> None:
        """Count one request."""
        with self._lock:
            self._counts[Call(principal, service, operation(service, request))] += 1

    def reset(self) -> None:
        """Forget all counts."""
        with self._lock:
            self._counts.clear()

    def listing(self) -> list[dict[str, str | int]]:
        """Return the counts as JSON objects: principal, service, operation, count."""
        with self._lock:
            counts = sorted(self._counts.items())
        return [
            {
                "principal": call.principal,
                "service": call.service,
                "operation": call.operation,
                "count": count,
            }
            for call, count in counts
        ]
