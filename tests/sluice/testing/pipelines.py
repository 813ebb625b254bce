"""Pipelines whose functions the tests of the harness write beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sluice import Array, Job, Manual, Pipeline, Plan, Resubmit, S3Upload, finished
from sluice.steps import Item, Out, Results, Trigger
from sluice.testing import RunOutcome, run

Function = Callable[..., Any]


def numbers(trigger: Trigger) -> Iterator[dict[str, int]]:
    """Find as many items as the input says."""
    yield from ({"n": number} for number in range(trigger.input["count"]))


def double(item: Item, out: Out) -> int:
    """Return twice the item's number."""
    print(f"doubling {item['n']}")
    return int(item["n"] * 2)


def squared(item: Item, out: Out) -> int:
    """Return the square of what the array before returned."""
    return int(item.previous**2)


def total(results: Results, out: Out) -> None:
    """Publish the sum."""
    out.write("total.txt", str(sum(value for _, value in results("square"))))


FUNCTIONS: dict[str, Function] = {
    "numbers": numbers,
    "double": double,
    "squared": squared,
    "total": total,
}


def chain(*, items_per_child: int = 1, retries: Resubmit | None = None, at_least: float = 1.0) -> Pipeline:
    """Return a plan, two arrays child by child, and a fan-in."""
    after = ["square"] if at_least == 1 else [finished("square", at_least=at_least)]
    return Pipeline(
        name="chain",
        triggers=[Manual()],
        steps=[
            Plan("numbers", run="numbers"),
            Array(
                "double",
                run="double",
                items_of="numbers",
                items_per_child=items_per_child,
                retries=retries,
            ),
            Array("square", run="squared", each="double", retries=retries),
            Job("total", run="total", after=list(after)),
        ],
    )


def run_chain(count: int = 3, pipeline: Pipeline | None = None, **more: Any) -> RunOutcome:
    """Run the chain on so many items; ``replaced`` are other functions."""
    functions = {**FUNCTIONS, **more.pop("replaced", {})}
    return run(pipeline or chain(), input={"count": count}, functions=functions, **more)


def uploads(**trigger: Any) -> Pipeline:
    """Return a pipeline of uploads with a single job."""
    return Pipeline(
        name="files",
        triggers=[S3Upload(prefix="files/", suffix=".txt", **trigger)],
        steps=[Job("read", run="read")],
    )
