"""Sets of an array's children as short text, ``3,17-19``: what the ledger keeps of which children failed.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def to_text(children: Iterable[int]) -> str:
    """Return the children in order, neighbours as one range; 5,000 of 10,000 children take at most 25 KB."""
    return ",".join(
        str(first) if first == last else f"{first}-{last}" for first, last in _ranges(sorted(set(children)))
    )


def from_text(text: str) -> tuple[int, ...]:
    """Return the children that a text names, in order; raises ValueError for what is no such text."""
    return tuple(child for part in text.split(",") if part for child in _children(part))


def _children(part: str) -> range:
    found = _RANGE.fullmatch(part)
    if found is None:
        raise ValueError(f"Expected children such as 3,17-19, found {part!r}.")
    return range(int(found[1]), int(found[2] or found[1]) + 1)


def _ranges(children: list[int]) -> Iterator[tuple[int, int]]:
    first = last = -1
    for child in children:
        if first >= 0 and child == last + 1:
            last = child
            continue
        if first >= 0:
            yield first, last
        first = last = child
    if first >= 0:
        yield first, last
