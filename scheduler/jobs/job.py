"""A submitted job with its children, held in a few bytes a child.

A million children have to fit into memory, so a child is not an object: its state is a byte, its times are
integers in arrays, and only what is out of the ordinary (a failed attempt, a reason) is kept in a dictionary.
"""

from __future__ import annotations

from array import array
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from scheduler.reasons import EXITED
from scheduler.states import FAILED, PENDING, RUNNABLE, SUBMITTED, SUCCEEDED

if TYPE_CHECKING:
    from scheduler.capacity.hosts import Host
    from scheduler.spec import JobSpec


WHOLE_JOB: Final = -1
"""Stands for all children where a child's number stands otherwise."""


class Attempt(NamedTuple):
    """An attempt that has ended; `started` is 0 where its container never ran."""

    started: int
    stopped: int
    exit_code: int | None
    reason: str | None
    status_reason: str | None
    host: str


class Job:
    """A job, an array of `size` children, or a multi-node parallel job of `size` nodes.

    `index` in all methods is the child's (or node's) number, and 0 for a job that has neither.
    """

    __slots__ = (
        "attempts",
        "blocked",
        "cancelled",
        "counts",
        "created",
        "dependents",
        "first_started",
        "first_untried",
        "has_parent",
        "history",
        "hosts",
        "id",
        "is_array",
        "is_multi_node",
        "is_queued",
        "listed",
        "node_ends",
        "pairs",
        "parent_status",
        "queued_since",
        "ready",
        "reasons",
        "reserved",
        "retry_nodes",
        "seq",
        "size",
        "spec",
        "started",
        "states",
        "status_reason",
        "stopped",
        "stopped_at",
        "stopping",
        "terminated",
        "unfinished",
        "updated",
        "waiting",
    )

    def __init__(self, job_id: str, seq: int, spec: JobSpec, now: int) -> None:
        size = spec.size or len(spec.nodes) or 1
        self.id = job_id
        # Whether it has children; whether it has nodes that start together; whether it has either, and so a
        # state of its own beside theirs.
        self.is_array = spec.size is not None
        self.is_multi_node = bool(spec.nodes)
        self.has_parent = self.is_array or self.is_multi_node
        self.seq = seq
        self.spec = spec
        self.size = size
        self.created = now
        self.updated = now
        self.states = bytearray(size)
        self.attempts = bytearray(size)
        self.started = array("q", bytes(8 * size))
        self.stopped = array("q", bytes(8 * size))
        self.counts = [size, 0, 0, 0, 0, 0, 0]
        self.parent_status = SUBMITTED
        self.status_reason: str | None = None
        self.stopped_at = 0
        self.first_started = 0
        self.unfinished = size
        self.waiting = 0
        self.blocked: bytearray | None = None
        self.dependents: list[Job] = []
        self.pairs: list[Job] = []
        self.hosts: dict[int, Host] = {}
        # Hosts that wait for a multi-node job's main node.
        self.reserved: dict[int, Host] = {}
        self.node_ends: dict[int, int] = {}
        self.retry_nodes = False
        self.history: dict[int, list[Attempt]] = {}
        self.reasons: dict[int, str] = {}
        self.stopping: dict[int, str] = {}
        self.ready: deque[int] = deque()
        self.first_untried = size
        self.is_queued = False
        self.queued_since = 0
        # By which number the listing has it in its state.
        self.listed = 0
        # Reasons by the number of a child (or node), and by WHOLE_JOB.
        self.cancelled: dict[int, str] = {}
        self.terminated: dict[int, str] = {}

    @property
    def status(self) -> int:
        """The state of the job as a whole."""
        return self.parent_status if self.has_parent else self.states[0]

    @property
    def is_over(self) -> bool:
        """Whether the job as a whole has ended."""
        return self.status >= SUCCEEDED

    def is_current(self, index: int, attempt: int) -> bool:
        """Whether an attempt is the one that is in flight."""
        return index in self.hosts and self.attempts[index] + 1 == attempt

    def reason_of(self, index: int) -> str | None:
        """The status reason of a child (or of the job that has none)."""
        return self.reasons.get(index)

    def release_all(self) -> None:
        """Every child that still waits is ready now, in the order of their numbers."""
        self.first_untried = 0

    def pop_ready(self) -> int | None:
        """Take the number of the next child to start; None when no child is ready."""
        states = self.states
        if self.first_untried < self.size:
            index = states.find(RUNNABLE, self.first_untried)
            self.first_untried = self.size if index < 0 else index + 1
            if index >= 0:
                return index
        ready = self.ready
        while ready:
            index = ready.popleft()
            if states[index] == RUNNABLE:
                return index
        return None

    def peek_ready(self, count: int) -> list[int]:
        """The numbers of the next children to start, which stay where they are."""
        found: list[int] = []
        index = self.states.find(RUNNABLE, self.first_untried) if self.first_untried < self.size else -1
        while index >= 0 and len(found) < count:
            found.append(index)
            index = self.states.find(RUNNABLE, index + 1)
        again = (each for each in self.ready if self.states[each] == RUNNABLE and each < self.first_untried)
        return [*found, *islice(again, count - len(found))]

    def requeue(self, index: int) -> None:
        """Put a child that was popped back at the head of its job."""
        if index == self.first_untried - 1 and not self.has_been_tried(index):
            self.first_untried = index
        else:
            self.ready.appendleft(index)

    def has_been_tried(self, index: int) -> bool:
        """Whether a child is RUNNABLE for another attempt."""
        return self.attempts[index] > 0

    def attempts_of(self, index: int) -> list[Attempt]:
        """The attempts of a child that have ended, the oldest first."""
        found = self.history.get(index)
        if found is not None:
            return found
        if self.states[index] == SUCCEEDED:
            # The ordinary case is not stored: one attempt, exit code 0.
            return [Attempt(self.started[index], self.stopped[index], 0, None, EXITED, "")]
        return []

    def waits(self, index: int) -> bool:
        """Whether a child still has an unfinished dependency of its own or of its array."""
        return self.waiting > 0 or (self.blocked is not None and self.blocked[index] > 0)

    def final_status(self) -> int:
        """What an array parent ends as: one failed child fails it; a multi-node job ends as its main node
        does.
        """
        if self.is_multi_node:
            return self.states[self.spec.main_node]
        return FAILED if self.counts[FAILED] else SUCCEEDED

    def has_unstarted(self, index: int) -> bool:
        """Whether a child has not been handed to a host."""
        return self.states[index] in (SUBMITTED, PENDING, RUNNABLE)
