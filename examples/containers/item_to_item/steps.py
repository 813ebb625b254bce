"""Item-to-item collaborative filtering: find the items, compare each with the others, aggregate the
neighbours of each, publish.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from containers.item_to_item.ratings import ratings, vectors
from containers.item_to_item.similarity import MIN_USERS, Matrix
from sluice.steps import Item, Out, Results, Upload

NEIGHBOURS = 10
"""The most that are published of an item."""
MAX_PAIRS_OF_A_JOB = 1_000
"""What one aggregation holds in memory."""


def find(upload: Upload) -> Iterator[dict[str, Any]]:
    """Yield the items that enough users gave something to, by name. Memory: every item's users."""
    users: dict[str, set[str]] = {}
    for user, item, _ in ratings(upload):
        users.setdefault(item, set()).add(user)
    yield from ({"item": item} for item in sorted(users) if len(users[item]) >= MIN_USERS)


def compare(item: Item, out: Out) -> dict[str, Any]:
    """Return an item's pairs with those after it in the alphabet. The file is read once a child, whatever
    the number of its items.
    """
    return {"item": item["item"], "pairs": _matrix(item.upload).pairs(item["item"])}


@lru_cache(maxsize=1)
def _matrix(upload: Upload) -> Matrix:
    return Matrix.of(vectors(upload))


def share(upload: Upload, results: Results) -> Iterator[dict[str, Any]]:
    """Yield ranges of item names for the aggregation, each with at most 1,000 pairs, unless one item alone
    has more.
    """
    pairs: Counter[str] = Counter()
    for _, found in results("compare"):
        pairs[found["item"]] += len(found["pairs"])
        pairs.update(other for other, _, _ in found["pairs"])
    first, last, held = "", "", 0
    for item in sorted(pairs):
        if first and held + pairs[item] > MAX_PAIRS_OF_A_JOB:
            yield {"first": first, "last": last, "pairs": held}
            first, held = "", 0
        first, last, held = first or item, item, held + pairs[item]
    if first:
        yield {"first": first, "last": last, "pairs": held}


def aggregate(item: Item, out: Out, results: Results) -> dict[str, list[list[Any]]]:
    """Return the nearest neighbours of each item of a range, whichever of the two stands first in the
    alphabet.
    """
    found: dict[str, list[list[Any]]] = {}
    for _, compared in results("compare"):
        for other, similarity, users in compared["pairs"]:
            for one, neighbour in ((compared["item"], other), (other, compared["item"])):
                if item["first"] <= one <= item["last"]:
                    found.setdefault(one, []).append([neighbour, similarity, users])
    return {one: _nearest(neighbours) for one, neighbours in found.items()}


def _nearest(neighbours: list[list[Any]]) -> list[list[Any]]:
    return sorted(neighbours, key=lambda pair: (-pair[1], pair[0]))[:NEIGHBOURS]


def publish(results: Results, out: Out) -> None:
    """Publish the neighbours of every item, the nearest first, as JSON and as a table."""
    found = {item: neighbours for _, part in results("aggregate") for item, neighbours in part.items()}
    out.write("neighbours.json", json.dumps(found, ensure_ascii=False, sort_keys=True))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["item", "neighbour", "similarity", "users"])
    writer.writerows([item, *neighbour] for item in sorted(found) for neighbour in found[item])
    out.write("neighbours.csv", text.getvalue())
