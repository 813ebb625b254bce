"""What stands for the commands of images that a test does not start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a step as AWS Batch would start it: its words, with the run's input and the parameters in
    their places, its variables, and which child of an array it is; None for a job.
    """

    step: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    child: int | None = None


StandIn = Callable[[Command], int | None]
"""Does what a command would do, and returns its exit code; None is 0."""
