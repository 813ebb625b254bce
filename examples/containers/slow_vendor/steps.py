"""Calls a slow third party, and measures how many calls there were at the same time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from sluice.steps import Item, Out, Results

CALL_SECONDS = 0.3
"""How long the third party takes, unless the run's input says otherwise."""
MAX_SECONDS = 60.0


class InputError(ValueError):
    """The input of the run is not one that this pipeline knows."""


def ask(item: Item, out: Out) -> dict[str, float]:
    """Return when a call began and ended, in seconds since 1970; the third party is a wait here, an HTTP
    request in real life.
    """
    seconds = seconds_of(item.trigger.input)
    began = time.time()
    time.sleep(seconds)
    return {"began": began, "ended": time.time()}


def seconds_of(given: Any) -> float:
    """Return how long a call takes: ``{"seconds": 0.3}``; raises InputError."""
    seconds = (
        CALL_SECONDS
        if given is None
        else given.get("seconds", CALL_SECONDS)
        if isinstance(given, dict)
        else None
    )
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_SECONDS:
        expected = f'Expected an input such as {{"seconds": {CALL_SECONDS}}}, 0 to {MAX_SECONDS:g}'
        raise InputError(f"{expected}, found {str(given)[:100]!r}. Correct it.")
    return float(seconds)


def compare(results: Results, out: Out) -> None:
    """Publish how many calls there were, and how many of them at once at most."""
    calls = [(call["began"], call["ended"]) for _, call in results("ask")]
    out.write("calls.json", json.dumps({"calls": len(calls), "most_at_once": max_concurrency(calls)}))


def max_concurrency(calls: Iterable[tuple[float, float]]) -> int:
    """Return the most calls that were under way at one moment; one that begins when another ends is not
    beside it.
    """
    moments = sorted(moment for began, ended in calls for moment in ((began, 1), (ended, -1)))
    under_way, most = 0, 0
    for _, change in moments:
        under_way += change
        most = max(most, under_way)
    return most
