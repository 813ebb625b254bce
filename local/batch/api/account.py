"""Everything that the API knows of: one account in one Region, its resources and its scheduler."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from local.batch.api.errors import client_error
from local.batch.api.limits import Limits
from local.batch.api.throttle import Throttle
from local.batch.ports import Clock, wall_clock
from scheduler.scheduler import Scheduler

Resource = dict[str, Any]


def new_id() -> str:
    """An id as AWS makes them."""
    return str(uuid4())


def ignore_change() -> None:
    """Stands where no runtime waits for changes."""


@dataclass
class Account:
    """The resources by name, each as the API describes it, and the lock that guards them and the
    scheduler.
    """

    scheduler: Scheduler
    region: str = "us-east-1"
    id: str = "000000000000"
    limits: Limits = field(default_factory=Limits)
    clock: Clock = wall_clock
    new_id: Callable[[], str] = new_id
    changed: Callable[[], None] = ignore_change
    lock: threading.RLock = field(default_factory=threading.RLock)
    environments: dict[str, Resource] = field(default_factory=dict)
    queues: dict[str, Resource] = field(default_factory=dict)
    definitions: dict[str, dict[int, Resource]] = field(default_factory=dict)
    policies: dict[str, Resource] = field(default_factory=dict)
    consumables: dict[str, Resource] = field(default_factory=dict)
    submits: Throttle | None = None

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource of AWS Batch in this account and Region."""
        return f"arn:aws:batch:{self.region}:{self.id}:{kind}/{name}"

    def environment(self, name_or_arn: str) -> Resource:
        """A compute environment; ClientException where there is none."""
        return self._find(self.environments, name_or_arn, "computeEnvironment", "Compute environment")

    def queue(self, name_or_arn: str) -> Resource:
        """A job queue; ClientException where there is none."""
        return self._find(self.queues, name_or_arn, "jobQueue", "Job queue")

    def policy(self, arn: str) -> Resource:
        """A scheduling policy; ClientException where there is none."""
        return self._find(self.policies, arn, "arn", "Scheduling policy")

    def consumable(self, name_or_arn: str) -> Resource:
        """A consumable resource; ClientException where there is none."""
        return self._find(self.consumables, name_or_arn, "consumableResource", "Consumable resource")

    def _find(self, resources: dict[str, Resource], name_or_arn: str, field_name: str, what: str) -> Resource:
        name = name_or_arn.rpartition("/")[2] if name_or_arn.startswith("arn:") else name_or_arn
        found = resources.get(name)
        if found is None:
            raise client_error(
                f"{what} {name_or_arn} does not exist: expected the name or ARN of one in {field_name}."
            )
        return found
