"""What a pipeline says about failures: which a step bears, and what runs again by itself. Import these from
``sluice.pipeline.definition``.
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
    """What failed of a step is submitted again by itself, up to ``times`` times: only the children that
    failed, as a new generation.

    ``reclaimed``: children that failed because their machines were taken away, so many times, move to the
    queue ``steady``, whose machines are not; only they, and it uses up none of the ``times``. So that they do
    not begin more often where machines are taken, it takes the place of a larger ``attempts``.
    """

    times: Annotated[int, Field(ge=1, le=MAX_TIMES)] = field(default=1, kw_only=True)
    reclaimed: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Finished:
    """Bears failed children of an array, as ``finished`` says."""

    step: str
    at_least: float


@dataclass(frozen=True)
class Always:
    """Bears whatever became of a step, as ``always`` says."""

    step: str


def _known(value: object) -> object:
    if isinstance(value, str | Finished | Always):
        return value
    raise PydanticCustomError("after", "a valid string, finished(...) or always(...)")


After = Annotated[str | Finished | Always, PlainValidator(_known)]


def finished(step: str, *, at_least: float) -> Finished:
    """Return what lets a step run once an array has ended for good and at least this share of its children,
    above 0 to 1, has succeeded.
    """
    return Finished(step, at_least)


def always(step: str) -> Always:
    """Return what lets a step run once another has ended for good, however it ended, or never will run."""
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
