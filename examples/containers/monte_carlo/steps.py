"""Throws points at a square and counts those in the circle: their share is a quarter of pi."""

from __future__ import annotations

import json
import random
from math import sqrt
from typing import Any

from containers.monte_carlo.plot import plot
from sluice.steps import Item, Out, Results

THROWS = 1_000
"""Of each seed, unless the run's input says otherwise."""
MAX_THROWS = 1_000_000


class InputError(ValueError):
    """The input of the run is not one that this pipeline knows."""


def throw(item: Item, out: Out) -> list[int]:
    """Return how many points were thrown and how many of them fell into the circle; the same seed always
    throws the same.
    """
    throws = throws_of(item.trigger.input)
    draw = random.Random(item.number).random  # noqa: S311 - a simulation, no secret
    return [throws, sum(draw() ** 2 + draw() ** 2 < 1 for _ in range(throws))]


def throws_of(given: Any) -> int:
    """Return how many points a seed throws: ``{"throws": 1000}``; raises InputError."""
    throws = THROWS if given is None else given.get("throws", THROWS) if isinstance(given, dict) else None
    if type(throws) is not int or not 1 <= throws <= MAX_THROWS:
        raise InputError(
            f'Expected an input such as {{"throws": {THROWS}}}, 1 to {MAX_THROWS}, found'
            f" {str(given)[:100]!r}. Correct it."
        )
    return throws


def estimate(results: Results, out: Out) -> None:
    """Publish the estimate with its error bar, and how it came near pi. Memory: a few numbers a seed."""
    path, thrown, inside = [], 0, 0
    # Results come by child, and behind a retry in another order: the path is that of the seeds.
    for _, (throws, hits) in sorted(results("throw")):
        thrown, inside = thrown + throws, inside + hits
        path.append((thrown, *estimated(thrown, inside)))
    _, pi, error = path[-1]
    out.write(
        "pi.json",
        json.dumps(
            {"pi": pi, "standard_error": error, "seeds": len(path), "throws": thrown, "inside": inside}
        ),
    )
    out.write("pi.svg", plot(path))


def estimated(thrown: int, inside: int) -> tuple[float, float]:
    """Return four times the share, and its standard error: four times that of a binomial share."""
    share = inside / thrown
    return 4 * share, 4 * sqrt(share * (1 - share) / thrown)
