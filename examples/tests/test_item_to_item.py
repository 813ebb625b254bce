"""item_to_item from the upload to the results, every job run by its real entry point, on many ratings and on
odd ones.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from functools import cache
from math import sqrt
from typing import Any

import pytest

from containers.item_to_item import steps
from pipelines.item_to_item import pipeline
from sluice.testing import RunOutcome, run


@cache
def ratings(users: int = 400, items: int = 90) -> str:
    """Return a CSV of users that have rated items, each of them mostly those of a kind that they like."""
    chance = random.Random(5)  # noqa: S311 - the same ratings each time
    rows = []
    for user in range(users):
        liked = chance.randrange(6)
        near = [item for item in range(items) if item % 6 == liked]
        rated = {*chance.sample(near, 8), *chance.sample(range(items), 3)}
        rows += [f"u{user},i{item},{chance.randint(1, 5)}\n" for item in sorted(rated)]
    return "user,item,rating\n" + "".join(rows)


def one_pass(text: str, most: int = 10) -> dict[str, list[list[Any]]]:
    """Return the neighbours of each item from the whole matrix, pair by pair, without the pipeline's code."""
    given: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        item = given.setdefault(row["item"], {})
        item[row["user"]] = item.get(row["user"], 0) + float(row.get("rating") or 1)
    pairs = {one: list(pairs_of(one, given)) for one in given}
    return {
        one: sorted(found, key=lambda pair: (-round(pair[1], 9), pair[0]))[:most]
        for one, found in pairs.items()
        if found
    }


def pairs_of(one: str, given: dict[str, dict[str, float]]) -> Iterator[list[Any]]:
    """Yield every other item that two users have in common with this one, with the cosine of both."""
    ours = given[one]
    for other, theirs in given.items():
        both = ours.keys() & theirs.keys()
        if other != one and len(both) >= 2:
            product = sum(ours[user] * theirs[user] for user in both)
            yield [other, product / (length(ours) * length(theirs)), len(both)]


def length(vector: dict[str, float]) -> float:
    """Return the length of a vector."""
    return sqrt(sum(value**2 for value in vector.values()))


def ran_on(text: str) -> RunOutcome:
    """Run the pipeline on a CSV."""
    ran = run(pipeline, files={"ratings/a.csv": text})
    assert ran.succeeded, ran
    return ran


def neighbours(ran: RunOutcome) -> dict[str, list[list[Any]]]:
    """Return what a run published."""
    found: dict[str, list[list[Any]]] = ran.files["neighbours.json"].json()
    table = list(csv.reader(io.StringIO(ran.files["neighbours.csv"].text())))[1:]
    assert table == [[item, *map(str, pair)] for item in sorted(found) for pair in found[item]]
    return found


def same(found: dict[str, list[list[Any]]], expected: dict[str, list[list[Any]]]) -> bool:
    """Return whether the same neighbours are found in the same order, as alike as expected."""
    names = {item: [pair[0] for pair in pairs] for item, pairs in found.items()}
    assert names == {item: [pair[0] for pair in pairs] for item, pairs in expected.items()}
    return all(
        pair[1:] == pytest.approx(other[1:], abs=1e-8)
        for item, pairs in found.items()
        for pair, other in zip(pairs, expected[item], strict=True)
    )


def test_neighbours_equal_one_pass_over_the_matrix() -> None:
    """Items that the same users have rated. The second plan finds several jobs' worth of pairs,
    and no more than they hold.
    """
    ran = ran_on(ratings())
    found = neighbours(ran)
    assert same(found, one_pass(ratings()))
    assert len(found) > 80
    assert ran.steps["compare"].children > 1
    assert ran.steps["aggregate"].children > 1


@pytest.mark.parametrize(("most", "jobs_needed"), [(1, 4), (6, 2), (1_000, 1)])
def test_what_the_array_found_decides_how_many_jobs_aggregate_it(
    monkeypatch: pytest.MonkeyPatch, most: int, jobs_needed: int
) -> None:
    """A job for as many pairs as one can hold; an item with more has a job of its own. The results are the
    same.
    """
    monkeypatch.setattr(steps, "MAX_PAIRS_OF_A_JOB", most)
    text = "user,item\n" + "".join(f"{user},{item}\n" for user in ("u1", "u2") for item in "abcd")
    ran = ran_on(text)
    found = neighbours(ran)
    assert same(found, one_pass(text))
    assert ran.steps["aggregate"].children == jobs_needed


def test_without_a_column_of_ratings_each_counts_one() -> None:
    """What occurs twice adds up, spaces around names do not matter, and an empty line is none."""
    text = "item , user\nx,a\n y ,a\n\nx,b\ny,b\ny,b\nz,b\n"
    plain = "item,user,rating\nx,a,1\ny,a,1\nx,b,1\ny,b,2\nz,b,1\n"
    assert same(neighbours(ran_on(text)), one_pass(plain))


def test_only_the_nearest_are_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the same distance by name."""
    monkeypatch.setattr(steps, "NEIGHBOURS", 2)
    text = "user,item\n" + "".join(f"{user},{item}\n" for user in ("u1", "u2") for item in "dcba")
    assert {item: [pair[0] for pair in pairs] for item, pairs in neighbours(ran_on(text)).items()} == {
        "a": ["b", "c"],
        "b": ["a", "c"],
        "c": ["a", "b"],
        "d": ["a", "b"],
    }


@pytest.mark.parametrize(
    "text",
    ["user,item\n", "user,item\na,x\n", "user,item\na,x\na,y\n"],
    ids=["none", "one", "no pair in common"],
)
def test_items_without_neighbours_are_a_run_without_pairs(text: str) -> None:
    """The arrays are empty, and so is what is published."""
    ran = ran_on(text)
    assert neighbours(ran) == {}
    assert ran.steps["aggregate"].children == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a header with user, item"),
        (
            b"who,what\na,b\n",
            "expected a header with user, item and, if there is one, rating, found 'who,what'",
        ),
        (
            b"user,item\na\n",
            "At byte 10 of s3://inbox/ratings/odd.csv: expected 2 columns, found 1. Correct the line.",
        ),
        (b'user,item\n"a,x\nb,y\n', "expected a quote that is closed in its line"),
        (b'user,item\n"a"b,x\n', "expected cells quoted as a whole or not at all"),
        (b"user,item\ra,x\r", "expected lines that end in LF or CRLF, found a CR alone"),
        (b"user,item\n,x\n", "expected a user and an item"),
        (b"user,item\na, \n", "expected a user and an item"),
        (b"user,item\na," + b"x" * 201 + b"\n", "at most 200 characters"),
        (b"user,item,rating\na,x,\n", "expected a positive number as rating, found ''"),
        (b"user,item,rating\na,x,many\n", "expected a positive number as rating, found 'many'"),
        (b"user,item,rating\na,x,-1\n", "expected a positive number as rating, found '-1'"),
        (b"user,item,rating\na,x,inf\n", "expected a positive number as rating, found 'inf'"),
        (b"user,item\na,\xff\n", "expected CSV in UTF-8"),
    ],
)
def test_what_is_no_csv_of_ratings_fails_the_plan(content: bytes, message: str) -> None:
    """It says where, what was expected and what was found."""
    ran = run(pipeline, files={"ratings/odd.csv": content})
    assert not ran.succeeded
    assert str(ran.reason).startswith("find: RatingError: ")
    assert message in str(ran.reason)
