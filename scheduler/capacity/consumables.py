"""Consumable resources: how many of a thing jobs may hold at once.

https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling.html
"""

from __future__ import annotations

from collections.abc import Sequence


class Consumable:
    """One consumable resource."""

    __slots__ = ("in_use", "replenishable", "total")

    def __init__(self, total: int, replenishable: bool) -> None:
        self.total = total
        self.replenishable = replenishable
        self.in_use = 0

    @property
    def available(self) -> int:
        """How many may still be taken."""
        return self.total - self.in_use


class Consumables:
    """All consumable resources by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Consumable] = {}

    def put(self, name: str, total: int, replenishable: bool) -> None:
        """Create a resource or set its total."""
        found = self.by_name.get(name)
        if found is None:
            self.by_name[name] = Consumable(total, replenishable)
        else:
            # One that was deleted and made anew may be of the other kind.
            found.total, found.replenishable = total, replenishable

    def have(self, wanted: Sequence[tuple[str, int]]) -> bool:
        """Whether all that is wanted may be taken now."""
        return all(
            name in self.by_name and self.by_name[name].available >= quantity for name, quantity in wanted
        )

    def take(self, wanted: Sequence[tuple[str, int]]) -> None:
        """Take it: what cannot be replenished is gone from the total at once."""
        for name, quantity in wanted:
            resource = self.by_name[name]
            if resource.replenishable:
                resource.in_use += quantity
            else:
                resource.total -= quantity

    def give_back(self, taken: Sequence[tuple[str, int]]) -> None:
        """Return what can be replenished."""
        for name, quantity in taken:
            resource = self.by_name.get(name)
            if resource is not None and resource.replenishable:
                resource.in_use -= quantity
