"""How a pipeline handles failures: which of them a step tolerates, and what is submitted again automatically.

Import these names from ``sluice``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

MAX_TIMES = 10


@dataclass(frozen=True)
class Resubmit:
    """Submits the failed children of a step again automatically, up to ``times`` times, as a new generation.

    ``reclaimed``: children that lost their machines to spot interruptions this many times move to the queue
    ``steady``, whose machines AWS never takes back. Only these children move, and the move does not count as
    one of the ``times``. It replaces a larger ``attempts``, so that they do not start more often on spot.

    ``memory``: MiB, ascending. Children with items that were killed for want of memory run again with the
    next size; only these, and only their failed items. It does not count as one of the ``times``, either.
    """

    times: Annotated[int, Field(ge=1, le=MAX_TIMES)] = field(default=1, kw_only=True)
    reclaimed: int | None = field(default=None, kw_only=True)
    memory: list[int] = field(default_factory=list, kw_only=True)


@dataclass(frozen=True)
class Finished:
    """Tolerates failed items of an array; see ``finished``."""

    step: str
    at_least: float | None = None
    at_most: int | None = None


@dataclass(frozen=True)
class Always:
    """Tolerates any end of a step; see ``always``."""

    step: str


def _known(value: object) -> object:
    if isinstance(value, str | Finished | Always):
        return value
    raise PydanticCustomError("after", "a valid string, finished(...) or always(...)")


After = Annotated[str | Finished | Always, PlainValidator(_known)]


def finished(step: str, *, at_least: float | None = None, at_most: int | None = None) -> Finished:
    """Return a dependency that lets a step run once an array has finally ended, when at least this share of
    its items, above 0 to 1, is done, and at most so many have failed.

    Of an array of commands, whose items nobody counts, it is the share and the number of its children.
    """
    return Finished(step, at_least, at_most)


def always(step: str) -> Always:
    """Return a dependency that lets a step run once another has finally ended, in any way, or cannot run, and
    nothing before that still runs.
    """
    return Always(step)


def name_of(after: After) -> str:
    """Return the name of the step that is waited for."""
    return after if isinstance(after, str) else after.step


def names_of(after: Iterable[After]) -> tuple[str, ...]:
    """Return the names of all steps that are waited for."""
    return tuple(dict.fromkeys(name_of(one) for one in after))


def needed(after: Iterable[After]) -> tuple[str, ...]:
    """Return the names of the steps that must have succeeded."""
    return tuple(dict.fromkeys(one for one in after if isinstance(one, str)))
