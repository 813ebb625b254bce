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
    # What was asked with a client token, and until when it is remembered.
    tokens: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    submits: Throttle | None = None

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource of AWS Batch in this account and Region."""
        return f"arn:aws:batch:{self.region}:{self.id}:{kind}/{name}"

    def environment(self, name_or_arn: str) -> Resource:
        """A compute environment; ClientException where there is none."""
        return self._find(self.environments, "compute-environment", name_or_arn, "computeEnvironment")

    def queue(self, name_or_arn: str) -> Resource:
        """A job queue; ClientException where there is none."""
        return self._find(self.queues, "job-queue", name_or_arn, "jobQueue")

    def policy(self, arn: str) -> Resource:
        """A scheduling policy, which has no other name; ClientException where there is none."""
        return self._find(self.policies, "scheduling-policy", self.policy_arn(arn, "arn"), "arn")

    def policy_arn(self, arn: str, field_name: str) -> str:
        """What is an ARN of a scheduling policy of this account and Region; ClientException."""
        if not arn.startswith("arn:"):
            raise client_error(f"{field_name} must be the ARN of a scheduling policy, but is {arn!r}.")
        self.name_in("scheduling-policy", arn, field_name)
        return arn

    def consumable(self, name_or_arn: str) -> Resource:
        """A consumable resource; ClientException where there is none."""
        return self._find(self.consumables, "consumable-resource", name_or_arn, "consumableResource")

    def name_in(self, kind: str, name_or_arn: str, field_name: str) -> str:
        """The name of a resource; ClientException for an ARN of another partition, service, Region, account
        or type.
        """
        if not name_or_arn.startswith("arn:"):
            return name_or_arn
        prefix = self.arn(kind, "")
        if not name_or_arn.startswith(prefix):
            raise client_error(f"{field_name} must be a name or begin with {prefix}, but is {name_or_arn}.")
        return name_or_arn.removeprefix(prefix)

    def _find(self, resources: dict[str, Resource], kind: str, name_or_arn: str, field_name: str) -> Resource:
        found = resources.get(self.name_in(kind, name_or_arn, field_name))
        if found is None:
            what = kind.replace("-", " ").capitalize()
            raise client_error(
                f"{what} {name_or_arn} does not exist: expected the name or ARN of one in {field_name}."
            )
        return found
