"""The children of arrays, their attempts and their logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from console import contract
from tests.console.made_up.sizes import CHILDREN, ITEMS, NASTY, iso


def log_lines(
    line: contract.RunLine, start: int, last: int, attempts: int, attempt: int | None
) -> Iterator[contract.LogLine]:
    """Yield lines, some of them nasty."""
    at = datetime.fromisoformat(line.created_at)
    for n in range(start, last):
        text = NASTY if n % 10 == 3 else "working on an item"
        yield contract.LogLine(
            attempt=attempt or 1 + n * attempts // last,
            at=iso(at + timedelta(seconds=n)),
            text=f"line {n}: {text} \\x1b[31mred",
        )


def segments(at: datetime, number: int) -> tuple[contract.Segment, ...]:
    """Return what a step did when, one of them in two attempts and a second generation."""
    seconds = (0, 8, 14, 40, 44, 48, 60, 66, 70, 88)
    moments = [iso(at + timedelta(seconds=one)) for one in seconds]
    tries = ((0, 1), (0, 2), (1, 1)) if number == 2 else ((0, 1),)
    return tuple(
        contract.Segment(
            phase=phase,
            start=moments[3 * place + part],
            end=moments[3 * place + part + 1],
            generation=generation,
            attempt=attempt,
            state="FAILED" if part == 2 and place < len(tries) - 1 else "SUCCEEDED",
        )
        for place, (generation, attempt) in enumerate(tries)
        for part, phase in enumerate(("waiting", "booting", "working"))
    )


def cell(child: int, total: int, share: float, state: str) -> str:
    """Return the state of a child, as one letter."""
    # Each child has its moment, in no order: a fixed shuffle.
    moment = (child * 7919 % total) / total
    if state != "RUNNING":
        return "f" if state == "FAILED" and child in range(17, 21) else "n" if state == "CANCELLED" else "s"
    if moment < share:
        return "f" if child % 499 == 17 else "s"
    return "r" if moment < share + 0.02 else "b" if moment < share + 0.025 else "w"


def durations(start: int, cells: Sequence[str]) -> tuple[float | None, ...]:
    """Return the seconds of those that have begun."""
    return tuple(
        None if cell in "wbn" else 1.0 + child * 31 % 100 / 10 for child, cell in enumerate(cells, start)
    )


def done(cells: Sequence[str], failed: Sequence[int], each: int) -> tuple[int, ...]:
    """Return how many items each child has done."""
    return tuple(each - lost if cell in "sf" else 0 for cell, lost in zip(cells, failed, strict=True))


def sizes(line: contract.RunLine) -> tuple[int, int]:
    """Return the items and the children of an array."""
    return (ITEMS, CHILDREN) if line.pipeline == "wide" else (1_000, 200)
