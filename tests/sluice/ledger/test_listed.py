"""How runs stand in the index by which they are listed."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.grouping.records import file_item
from sluice.ledger import listed
from sluice.triggers.trigger_event import Request, S3Object
from tests.sluice.operate.runs.three_runs import at, open_group

RUN = "words-aaaaaaaaaaaaaaaaaaaa"
FILE = S3Object(bucket="inbox", key="in/day 1/Ä.CSV", version_id="v", etag="e", size=1)


@pytest.mark.parametrize(
    ("trigger", "found"),
    [
        (FILE.to_dict(), ["Ä.CSV"]),
        (Request(token="t", input={"day": "2013-01-31", "n": 3}).to_dict(), ["t", "2013-01-31", "3"]),
        (Request(token="t", input={"uploads": [{"key": "requests/a.txt"}]}).to_dict(), ["t", "a.txt"]),
        ({"kind": "schedule", "time": "2030-01-31T09:00:00Z"}, ["2030-01-31T09:00:00Z"]),
        ({"kind": "webhook", "id": "d", "input": [[[["too deep"]]]]}, ["d"]),
        ({"kind": "s3-set", "partition": {"date": "2013-01-31"}, "group": "g"}, ["g", "2013-01-31"]),
        ({"kind": "of a newer version"}, []),
        ({"kind": "manual", "token": " ", "input": {"a": None, "b": ""}}, []),
    ],
)
def test_by_what_a_run_is_found(trigger: dict[str, Any], found: list[str]) -> None:
    """A run is found by its file, its token, and the values of its input or its set's key."""
    assert list(listed.words_of(trigger)) == found


def test_a_run_has_at_most_so_many_rows() -> None:
    """However many values an input has, and however long they are, the transaction has room for the rows."""
    long = {str(number): f"{number}" * 3000 for number in range(10_000)}
    rows = listed.rows(RUN, Request(token="t", input=long).to_dict(), at(0))
    assert len(rows) == listed.MAX_ROWS
    assert len({row["sk"]["S"] for row in rows}) == listed.MAX_ROWS
    assert max(len(row["listed"]["S"]) for row in rows) < 300


def test_a_file_of_a_group_lists_the_groups_run() -> None:
    """The record of a file in a group stands where the file's name is looked for, with the run's id."""
    group = open_group()
    item = file_item(group, FILE, at(1))
    assert item["listed"]["S"] == listed.by_word("ä.csv")
    assert item["listed_run"]["S"] == group.run_id
