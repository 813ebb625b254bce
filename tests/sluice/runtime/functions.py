"""Step functions that tests run; what they should do is set by the test, what they did is noted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sluice.errors import OtherTriggerError
from sluice.steps import Item, Out, Results, Upload

items: list[Any] = []
worked: list[int] = []
lacks = ""
on_item: Callable[[Item], Any] = lambda item: item.number  # noqa: E731 - replaced by tests


def find(upload: Upload) -> Iterator[Any]:
    """Yield what the test wants."""
    yield from items


def size(upload: Upload) -> Iterator[dict[str, int]]:
    """Yield the input's size as it is when it is read."""
    yield {"size": len(upload.read(0, upload.size))}


def work(item: Item, out: Out) -> Any:
    """Note the item and do what the test wants."""
    worked.append(item.number)
    return on_item(item)


def throw(item: Item, out: Out) -> Any:
    """Return the item and its number."""
    return [dict(item), item.number]


def follow_throw(item: Item, out: Out) -> Any:
    """Return what came before for this item."""
    return [item["index"], item.previous]


def follow(item: Item, out: Out) -> Any:
    """Return what came before, with the item."""
    return [item["n"], item.previous]


def gather(results: Results, out: Out) -> None:
    """Publish everything that was returned."""
    out.write("all.txt", "".join(f"{number} {result}\n" for number, result in results("follow")))


def lacking(results: Results, out: Out) -> None:
    """Publish the items that an array has no results of."""
    out.write("missing.txt", str(results.missing(lacks)))


def nothing(results: Results, out: Out) -> None:
    """Do nothing, once."""


def size_of(item: Item, out: Out) -> Any:
    """Return the key of the item's file, and what is in it."""
    return [item.upload.key, item.upload.read(0, item.upload.size).decode()]


def publish(results: Results, out: Out) -> None:
    """Publish what was returned, and what the trigger has."""
    out.write("sizes.json", json.dumps([value for _, value in results("size_of")]))
    trigger = results.trigger
    try:
        files = [upload.key for upload in trigger.uploads]
    except OtherTriggerError as error:
        files = [str(error)]
    out.write("trigger.json", json.dumps({"kind": trigger.kind, "files": files}))


def failing_at(number: int, error: Callable[[], object]) -> Callable[[Any], int]:
    """Return what an item's function does: fail at one item in this way."""

    def on_item(item: Any) -> int:
        if item.number == number:
            error()
        return int(item.number)

    return on_item


def fails_at(*numbers: int) -> Any:
    """Return what a function does that fails for some items."""

    def on_item(item: Any) -> Any:
        if item.number in numbers:
            raise ValueError(f"item {item.number} is bad")
        return item.number

    return on_item


def publish_input(results: Results, out: Out) -> None:
    """Publish a file of the name that the run's input has."""
    out.write(results.trigger.input["name"], json.dumps(results.trigger.input))
