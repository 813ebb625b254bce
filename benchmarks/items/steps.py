"""As many small items as the uploaded file says: what a run costs beside its work."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.steps import Item, Out, Results, Upload


def number(upload: Upload) -> Iterator[dict[str, int]]:
    """Yield the numbers from 0."""
    for one in range(int(upload.read(0, upload.size))):
        yield {"n": one}


def double(item: Item, out: Out) -> int:
    """Return twice the number."""
    return int(item["n"]) * 2


def again(item: Item, out: Out) -> int:
    """Return twice what the child before returned."""
    return int(item.previous) * 2


def total(results: Results, out: Out) -> None:
    """Publish the sum."""
    out.write("total.txt", str(sum(value for _, value in results("again"))))
