"""What is to go wrong in a run: machines that are lost, workers that are killed, calls that AWS refuses.

A test names each fault beforehand; one that nothing met is an error, so that no test passes for want of it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from sluice.testing.errors import HarnessError
from sluice.testing.memory.refusals import refusal

_STATUSES = {"SlowDown": 503, "InternalError": 500, "ServiceUnavailable": 503, "NoSuchKey": 404}
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong in the jobs of a step, in all when ``step`` is None, so many times."""

    step: str | None
    times: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineLost(Fault):
    """The machine of a job is gone, with what was not written yet."""

    item: int | None
    after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerKilled(Fault):
    """The process of the user's function ends; ``status`` is its exit code, or minus a signal."""

    item: int | None
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Fault):
    """AWS answers an error to a call."""

    service: str
    call: str
    code: str
    key: str

    def error(self) -> ClientError:
        """Return what AWS answers."""
        return refusal(self.code, self.call, status=_STATUSES.get(self.code, _FORBIDDEN))


def machine_lost(step: str, item: int | None = None, *, times: int = 1, after: bool = False) -> Fault:
    """Lose the machine when the function of ``step`` is called: for item number ``item``, or for any.

    ``after`` loses it when the function has returned and its result is not written yet. AWS Batch starts the
    job again on another machine, as often as the step's retry rules say: ``times`` is how often that one is
    lost, too.
    """
    return MachineLost(step=step, item=item, times=times, after=after)


def worker_killed(
    step: str, item: int | None = None, *, times: int = 1, status: int = -signal.SIGKILL
) -> Fault:
    """End the process of the function of ``step``, as the kernel does when memory runs out.

    ``status`` is an exit code, or minus the number of a signal.
    """
    return WorkerKilled(step=step, item=item, times=times, status=int(status))


def refused(
    service: str,
    call: str,
    *,
    step: str | None = None,
    code: str = "AccessDenied",
    key: str = "*",
    times: int | None = None,
) -> Fault:
    """Have AWS answer an error to a call of jobs: ``refused("s3", "put_object", step="merge")``.

    ``call`` is named as in botocore, ``key`` is a pattern of the object's key. The clients try a call again
    that was throttled (``code="SlowDown"``), as those of AWS do: four times in all. ``times`` is how many
    answers are errors; None for all.
    """
    return Refused(service=service, call=call, step=step, code=code, key=key, times=times)


@dataclass(slots=True)
class FaultPlan:
    """The faults of a run, and how often each has happened."""

    faults: Sequence[Fault]
    met: dict[int, int] = field(default_factory=dict)

    def machine_lost(self, step: str, item: int | None, *, after: bool) -> bool:
        """Return whether the machine is lost now, and count it."""
        found = self._of(MachineLost, step)
        return any(one.item in (None, item) and one.after is after and self._happens(one) for one in found)

    def worker_killed(self, step: str, item: int | None) -> int | None:
        """Return how the worker ends now, None when it does not, and count it."""
        found = self._of(WorkerKilled, step)
        return next((one.status for one in found if one.item in (None, item) and self._happens(one)), None)

    def refusal(self, step: str, service: str, call: str, request: dict[str, Any]) -> ClientError | None:
        """Return the error that a call is answered now, None when it is done, and count it."""
        for one in self._of(Refused, step):
            is_meant = (one.service, one.call) == (service, call)
            if is_meant and fnmatchcase(str(request.get("Key", "")), one.key) and self._happens(one):
                error: ClientError = one.error()
                return error
        return None

    def check(self, steps: Sequence[str]) -> None:
        """Raise HarnessError for a fault of a step that is none of these."""
        for one in self.faults:
            if one.step is not None and one.step not in steps:
                raise HarnessError(
                    f"Expected faults of the steps {', '.join(steps)}, found one of {one.step!r}."
                )

    def check_met(self) -> None:
        """Raise HarnessError for a fault that nothing met."""
        missed = [one for one in self.faults if not self.met.get(id(one))]
        if missed:
            raise HarnessError(f"Expected the fault {missed[0]} to happen, found that nothing met it.")

    def _of(self, kind: type[Any], step: str) -> Iterator[Any]:
        return (one for one in self.faults if isinstance(one, kind) and one.step in (None, step))

    def _happens(self, fault: Fault) -> bool:
        met = self.met.get(id(fault), 0)
        if fault.times is not None and met >= fault.times:
            return False
        self.met[id(fault)] = met + 1
        return True
