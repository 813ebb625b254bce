"""What the function of a multi-node step is given."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.runtime.interface.step_types import Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node among ``count`` that work together, with the addresses to talk to.

    Every node knows the main node's address; the others' it learns from the main node. When the main node's
    function returns, the job is over and the other nodes are stopped, so it should return last. What it
    returns is the step's result.
    """

    index: int
    count: int
    address: str
    """Its own IPv4 address, which the other nodes can reach."""
    main_address: str
    trigger: Trigger

    @property
    def is_main(self) -> bool:
        """Return whether this is the main node."""
        return self.index == 0
