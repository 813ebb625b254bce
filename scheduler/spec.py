"""What a job asks of the scheduler: plain values, resolved by the caller that submits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Need:
    """What one attempt occupies on a host: thousandths of a vCPU, MiB of memory, GPUs."""

    milli_cpus: int
    memory: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition set of `evaluateOnExit`; a condition that is None is not asked."""

    action: Literal["RETRY", "EXIT"]
    on_exit_code: str | None = None
    on_reason: str | None = None
    on_status_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often an attempt is made, and which endings are worth another one."""

    attempts: int = 1
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another job that has to succeed first: as a whole, or child by child."""

    job_id: str
    child_by_child: bool = False


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job as the scheduler sees it; `info` is carried along untouched for the caller.

    `size` is None for a job that is no array. `nodes` holds one need a node of a multi-node parallel job and
    is empty otherwise. `resources` are (consumable resource, quantity) pairs that each attempt holds. A job
    with `rejected` fails with that reason as soon as it is submitted.
    """

    name: str
    queue: str
    need: Need
    size: int | None = None
    retry: Retry = Retry()
    timeout_ms: int | None = None
    depends_on: tuple[Dependency, ...] = ()
    sequential: bool = False
    nodes: tuple[Need, ...] = ()
    main_node: int = 0
    resources: tuple[tuple[str, int], ...] = ()
    share: str = ""
    priority: int = 0
    rejected: str | None = None
    info: object = None

    @property
    def whole_need(self) -> Need:
        """What all nodes need together of vCPUs, and the largest of them of memory and GPUs."""
        if not self.nodes:
            return self.need
        return Need(
            sum(each.milli_cpus for each in self.nodes),
            max(each.memory for each in self.nodes),
            max(each.gpus for each in self.nodes),
        )
