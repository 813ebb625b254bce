"""What goes wrong with a call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Ways in which a call goes wrong."""

    DIES_BEFORE = "dies before"
    """The process, and for a job its machine, is gone before the call is made."""
    DIES_AFTER = "dies after"
    """The call took effect, and its caller is gone before it has the answer."""
    ASKED_TO_STOP = "asked to stop"
    """A job's machine is taken back with notice: SIGTERM at this call and what the job does about it, then
    the machine is gone.
    """
    ANSWER_LOST = "answer lost"
    """The call took effect, its answer never comes; the SDK repeats it, where it may."""
    NO_ANSWER = "no answer"
    """The same of each of the SDK's tries: the caller sees a time-out."""
    REFUSED = "throttled"
    """A definite refusal, once."""
    OUTAGE = "outage"
    """The service answers 503 to each of the SDK's tries, and does nothing."""
    CONFLICT = "conflict"
    """Another writer of the same item is in the way (DynamoDB)."""
    PAUSED = "paused"
    """The process stands still before the call, and lives on: its machine was frozen, or its lid was closed.
    Only in the simulation, as the two below.
    """
    LATE_ANSWER = "late answer"
    """The call took effect, its answer comes late."""
    LATE_EFFECT = "late effect"
    """The caller sees a time-out of its first try; the call takes effect later, perhaps after its caller has
    done something else about it.
    """


TIMED = frozenset({Fault.PAUSED, Fault.LATE_ANSWER, Fault.LATE_EFFECT})
"""The faults that take time, which the matrix leaves to the simulation."""


READS = ("get", "list", "describe", "query", "batch_get", "head")
BATCH_TRIES, OTHER_TRIES = 1, 4
"""How often an SDK tries a call: see sluice/aws/clients.py and sluice/aws/light_client.py."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a run: the how-manieth, whose (a Lambda's stage, or ``job``), of which service, and its name
    as botocore has it.
    """

    number: int
    stage: str
    who: str
    service: str
    name: str

    @property
    def writes(self) -> bool:
        """Return whether it changes anything."""
        return not self.name.startswith(READS)

    def __str__(self) -> str:
        return f"{self.number} {self.who} {self.service}.{self.name}"


def faults_of(call: Call) -> list[Fault]:
    """Return every way in which a call can go wrong that the run must survive.

    A job whose SDK gives up on a call fails, as any program that fails: that is reported to a person, and is
    no case here.
    """
    found = [Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.REFUSED]
    found += [Fault.ASKED_TO_STOP] if call.stage == "job" else [Fault.OUTAGE]
    if call.writes:
        found += [Fault.ANSWER_LOST] if call.stage == "job" else [Fault.ANSWER_LOST, Fault.NO_ANSWER]
        found += [Fault.CONFLICT] if call.service == "dynamodb" else []
    return found
