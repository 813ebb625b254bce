"""The trigger of a chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MAX_UPSTREAM = 20


@dataclass(frozen=True, init=False)
class AfterRun:
    """Starts a run when runs of other pipelines have succeeded, which it is given the results of:
    ``AfterRun("flight-delays")``.

    Of several, ``when="any"`` starts one after each run of any of them. ``when="all"``, the default, starts
    one when there are results of all of them with the same partition key: of the names ``by``, without which
    it is the names that all of their keys have. See docs/chains.md.
    """

    pipelines: tuple[str, ...]
    when: Literal["all", "any"]
    by: tuple[str, ...] | None

    def __init__(
        self, *pipelines: str, when: Literal["all", "any"] = "all", by: str | Sequence[str] | None = None
    ) -> None:
        """Take the names of the pipelines before this one."""
        given = (by,) if isinstance(by, str) else by
        object.__setattr__(self, "pipelines", pipelines)
        object.__setattr__(self, "when", when)
        object.__setattr__(self, "by", tuple(given) if isinstance(given, list | tuple) else given)

    @property
    def joins(self) -> bool:
        """Return whether it waits for results of several pipelines."""
        return self.when == "all" and len(self.pipelines) > 1
