"""What a single function is given, made by a test."""

from __future__ import annotations

import csv
import io

import pytest

from containers.word_count import steps
from sluice.steps import Request
from sluice.testing import HarnessError, make_item, make_out, make_results, make_upload, make_uploads


def test_an_item_reads_its_upload() -> None:
    """The function of word_count as it is."""
    item = make_item({"start": 0, "stop": 11}, upload=b"one two two")
    assert steps.count(item, make_out()) == {"one": 1, "two": 2}


def test_an_item_may_be_a_file() -> None:
    """Where it has no other value."""
    item = make_item(upload=b"text", key="a/b.txt")
    assert (item["key"], item.upload.text()) == ("a/b.txt", "text")


def test_an_item_has_what_the_array_before_returned() -> None:
    """And its number, and its trigger."""
    item = make_item({"n": 1}, number=7, previous={"a": 1}, trigger=Request(token="t", input=5))
    assert (item.number, item.previous, item.trigger.input) == (7, {"a": 1}, 5)
    with pytest.raises(HarnessError, match="an upload or a trigger, found both"):
        make_item({}, upload=b"", trigger=Request(token="t"))


def test_results_come_as_they_were_returned() -> None:
    """In order, or by number; missing ones are named."""
    results = make_results({"count": ["a", "b"], "rank": {4: "x"}}, missing={"rank": [5, 2]})
    assert list(results("count")) == [(0, "a"), (1, "b")]
    assert list(make_results({"count": [("a", 1)]})("count")) == [(0, ["a", 1])]  # as JSON has it
    assert (list(results("rank")), results.missing("rank")) == ([(4, "x")], [2, 5])
    with pytest.raises(HarnessError, match="Expected an array of count, rank, found 'cuont'"):
        list(results("cuont"))


def test_out_keeps_what_is_published() -> None:
    """However it was written."""
    out = make_out()
    steps.merge(make_results({"rank": [[("one", 1)], [("one", 2), ("two", 5)]]}), out)
    assert out.files["counts.json"].json() == {"one": 3, "two": 5}
    with out.open("big.bin") as file:
        file.write(b"x" * 40_000_000)
    assert len(out.files["big.bin"]) == 40_000_000
    assert list(csv.reader(io.StringIO(out.files["top.csv"].text())))[1] == ["two", "5"]


def test_a_group_has_its_files() -> None:
    """In the order of their keys."""
    group = make_uploads({"b.txt": b"2", "a.txt": b"1"})
    assert [(one.key, one.bytes()) for one in group.uploads] == [("a.txt", b"1"), ("b.txt", b"2")]
    assert make_upload("ü").size == 2
