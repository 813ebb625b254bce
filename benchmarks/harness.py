"""Times ``sluice.testing``: a pipeline of five steps and 1,000 items in the process of a test."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

from sluice import Array, Job, Manual, Pipeline, Plan
from sluice.steps import Item, Out, Results, Trigger
from sluice.testing import run

ITEMS = 1_000
_ROUNDS = 5


def _find(trigger: Trigger) -> Iterator[dict[str, int]]:
    yield from ({"n": number} for number in range(int(str(trigger.input))))


def _work(item: Item, out: Out) -> int:
    return item.number


def _sum(results: Results, out: Out) -> None:
    out.write("sum.txt", str(sum(value for _, value in results("third"))))


def pipeline(items_per_child: int) -> Pipeline:
    """Return a plan, three arrays child by child, and a fan-in."""
    return Pipeline(
        name="harness",
        triggers=[Manual()],
        steps=[
            Plan("find", run="find"),
            Array("first", run="work", items_of="find", items_per_child=items_per_child),
            Array("second", run="work", each="first"),
            Array("third", run="work", each="second"),
            Job("sum", run="sum", after=["third"]),
        ],
    )


def measure() -> dict[str, Any]:
    """Return the median seconds of a run, with an item a child and with ten."""
    return {
        "items": ITEMS,
        "seconds": {str(size): statistics.median(_seconds(size) for _ in range(_ROUNDS)) for size in (1, 10)},
    }


def _seconds(items_per_child: int) -> float:
    began = time.perf_counter()
    ran = run(pipeline(items_per_child), input=ITEMS, functions={"find": _find, "work": _work, "sum": _sum})
    assert ran.files["sum.txt"] == str(ITEMS * (ITEMS - 1) // 2).encode(), ran
    return time.perf_counter() - began


def table(measured: dict[str, Any]) -> str:
    """Return what was measured as a table."""
    rows = [f"| {size} | {seconds:.2f} |" for size, seconds in measured["seconds"].items()]
    head = f"A plan, three arrays and a fan-in over {measured['items']:,} items, in the process of a test."
    return "\n".join([head, "", "| items a child | seconds |", "| ---: | ---: |", *rows])
