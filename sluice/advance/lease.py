"""How long a claim is left to its owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

LEASE = timedelta(seconds=120)
"""How long a claim is left to its owner: twice a Lambda's time-out."""
_MARGIN = timedelta(seconds=30)
"""A request that is sent within the lease is answered, or given up, within it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to submit what was claimed ``since`` then, until others may take it over; ``now`` is the
    clock that said when, and ``stamp`` what the ledger has of it.
    """

    since: datetime
    stamp: str
    now: Callable[[], datetime]

    @classmethod
    def begun(cls, now: Callable[[], datetime], stamp: str = "") -> Lease:
        """Return the lease of a claim that is about to be made; its stamp is the time, if none is given."""
        since = now()
        return cls(since, stamp or since.isoformat(timespec="milliseconds"), now)

    @property
    def is_over(self) -> bool:
        """Return whether nothing may be submitted any more: another process may have taken the claim over."""
        return self.now() - self.since >= LEASE - _MARGIN
