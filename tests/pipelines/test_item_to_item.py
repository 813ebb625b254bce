"""item_to_item from the upload to the results, every job run by its real entry point, on real data and on odd
data.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from math import sqrt
from typing import Any

import pytest

from cli.commands.demo.files import flights
from containers.item_to_item import steps
from pipelines.item_to_item import pipeline
from tests.sluice.runtime.jobs import WORK, Jobs, functions_of

FUNCTIONS = functions_of(pipeline)


@cache
def planes(flights_read: int = 40_000) -> str:
    """Return a CSV of which plane flew where, and how often: planes are the users, airports the items."""
    first = io.StringIO("".join(flights().decode().splitlines(keepends=True)[: flights_read + 1]))
    flown = Counter(
        (row["tailnum"], row["dest"]) for row in csv.DictReader(first) if row["tailnum"] not in ("", "NA")
    )
    return "user,item,rating\n" + "".join(
        f"{plane},{airport},{times}\n" for (plane, airport), times in flown.items()
    )


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


def neighbours(jobs: Jobs, text: str) -> dict[str, list[list[Any]]]:
    """Return what a run publishes of a CSV."""
    run = jobs.upload(pipeline, "ratings/a.csv", text.encode())
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert jobs.keys(WORK) == []
    found: dict[str, list[list[Any]]] = json.loads(jobs.results(run)["neighbours.json"])
    table = list(csv.reader(io.StringIO(jobs.results(run)["neighbours.csv"])))[1:]
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


def test_neighbours_equal_one_pass_over_the_matrix(jobs: Jobs) -> None:
    """Real data: airports that the same planes fly to. The second plan finds several jobs' worth of pairs,
    and no more than they hold.
    """
    found = neighbours(jobs, planes())
    assert same(found, one_pass(planes()))
    assert len(found) > 80
    assert len(jobs.codes["compare"]) > 1
    assert len(jobs.codes["aggregate"]) > 1


@pytest.mark.parametrize(("most", "jobs_needed"), [(1, 4), (6, 2), (1_000, 1)])
def test_what_the_array_found_decides_how_many_jobs_aggregate_it(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, most: int, jobs_needed: int
) -> None:
    """A job for as many pairs as one can hold; an item with more has a job of its own. The results are the
    same.
    """
    monkeypatch.setattr(steps, "MAX_PAIRS_OF_A_JOB", most)
    text = "user,item\n" + "".join(f"{user},{item}\n" for user in ("u1", "u2") for item in "abcd")
    found = neighbours(jobs, text)
    assert same(found, one_pass(text))
    assert len(jobs.codes["aggregate"]) == jobs_needed


def test_without_a_column_of_ratings_each_counts_one(jobs: Jobs) -> None:
    """What occurs twice adds up, spaces around names do not matter, and an empty line is none."""
    text = "item , user\nx,a\n y ,a\n\nx,b\ny,b\ny,b\nz,b\n"
    plain = "item,user,rating\nx,a,1\ny,a,1\nx,b,1\ny,b,2\nz,b,1\n"
    assert same(neighbours(jobs, text), one_pass(plain))


def test_only_the_nearest_are_published(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the same distance by name."""
    monkeypatch.setattr(steps, "NEIGHBOURS", 2)
    text = "user,item\n" + "".join(f"{user},{item}\n" for user in ("u1", "u2") for item in "dcba")
    assert {item: [pair[0] for pair in pairs] for item, pairs in neighbours(jobs, text).items()} == {
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
def test_items_without_neighbours_are_a_run_without_pairs(jobs: Jobs, text: str) -> None:
    """The arrays are empty, and so is what is published."""
    assert neighbours(jobs, text) == {}
    assert jobs.codes["aggregate"] == []


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
def test_what_is_no_csv_of_ratings_fails_the_plan(jobs: Jobs, content: bytes, message: str) -> None:
    """It says where, what was expected and what was found."""
    run = jobs.upload(pipeline, "ratings/odd.csv", content)
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    report = jobs.failure(run, "find")
    assert report["error"] == "RatingError"
    assert message in report["message"]
