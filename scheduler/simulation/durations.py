"""How long attempts take, in seconds: `JobSpec.info` of a simulated job is one of these."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Duration = Callable[[Random], float]


def fixed(seconds: float) -> Duration:
    """Every attempt takes the same time."""
    return lambda _random: seconds


def exponential(mean_seconds: float) -> Duration:
    """Attempts take an exponentially distributed time."""
    rate = 1 / mean_seconds
    return lambda random: random.expovariate(rate)


def lognormal(median_seconds: float, sigma: float) -> Duration:
    """Attempts take a log-normally distributed time: most near the median, a few much longer."""
    return lambda random: median_seconds * random.lognormvariate(0, sigma)
