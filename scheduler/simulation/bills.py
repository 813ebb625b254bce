"""For how long hosts are paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scheduler.capacity.hosts import Host

_HOUR_MS = 3_600_000


class HostBill:
    """The time that one host is paid for."""

    __slots__ = ("empty_since", "ended", "since", "unpaid")

    def __init__(self, since: int) -> None:
        self.since = since
        self.unpaid = 0
        self.empty_since = -1
        self.ended = -1

    def milliseconds(self, now: int, idle_ms: int) -> int:
        """Until it was lost, or until it had been idle for long enough."""
        end = self.ended if self.ended >= 0 else now
        if self.empty_since >= 0:
            end = min(end, self.empty_since + idle_ms)
        return end - self.since - self.unpaid


class Bills:
    """The bills of all hosts; a host that stays idle for `idle_seconds` is given back."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_ms = int(idle_seconds * 1000)
        self._bills: dict[Host, HostBill] = {}

    def occupy(self, host: Host, now: int) -> bool:
        """Note an attempt that starts on a host; whether the host is new, and so has to boot."""
        bill = self._bills.get(host)
        if bill is None:
            self._bills[host] = HostBill(now)
            return True
        if bill.empty_since < 0:
            return False
        unpaid = now - bill.empty_since - self._idle_ms
        bill.empty_since = -1
        if unpaid <= 0:
            return False
        # It had been given back in the meantime: this is another one.
        bill.unpaid += unpaid
        return True

    def emptied(self, host: Host, now: int) -> None:
        """Note that nothing runs on a host any more."""
        self._bills[host].empty_since = now

    def lost(self, host: Host, now: int) -> None:
        """Note that a host is gone."""
        self._bills[host].ended = now

    def paid_vcpu_hours(self, environments: Iterable[str], now: int) -> dict[str, float]:
        """What each environment's hosts come to."""
        paid = dict.fromkeys(environments, 0.0)
        for host, bill in self._bills.items():
            hours = bill.milliseconds(now, self._idle_ms) / _HOUR_MS
            paid[host.environment.spec.id] += hours * host.size.milli_cpus / 1000
        return paid
