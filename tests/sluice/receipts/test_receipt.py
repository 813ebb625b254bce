"""Receipts as texts, and folders compared with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pytest

from sluice.errors import MalformedMessageError
from sluice.receipts.comparing import compare
from sluice.receipts.facts import facts
from sluice.receipts.receipt import PublishedFile, encoded, parse_receipt
from sluice.run.compiled import Kind
from sluice.run.state import ItemSource, StepRecord, StepState
from tests.sluice.graphs import pipeline, step

FACTS = {"receipt": 1, "run": "p-1", "version": 2, "pipeline": "p"}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_is_written_is_read(count: int) -> None:
    """With any number of files, and names of any characters."""
    files = tuple(PublishedFile(f'ü"{number}\n', number, "0" * 64, "e") for number in range(count))
    text = "".join(encoded(FACTS, files))
    found = parse_receipt(text, "here")
    assert (found.run, found.version, found.files) == ("p-1", 2, files)
    assert json.loads(text)["count"] == count


def test_a_receipt_of_a_newer_version_says_so() -> None:
    """And is not misread."""
    with pytest.raises(MalformedMessageError, match=r"found 9\. Use the version"):
        parse_receipt(json.dumps({"receipt": 9}), "here")


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.SUCCEEDED])
def test_items_are_counted_by_step_as_the_ledger_has_them(state: StepState) -> None:
    """A tolerated failure is one, whether its step failed of it; a step whose end is not recorded succeeded,
    or no cleanup would run.
    """
    graph = pipeline(step("score", Kind.ARRAY), step("merge"), step("cleanup", Kind.CLEANUP))
    source = ItemSource(None, 100)
    records = {
        "score": StepRecord(
            name="score", state=state, children=10, item_source=source, failed_items=3, job_id="j"
        ),
        "merge": StepRecord(name="merge", state=StepState.SUBMITTED, job_id="k"),
        "cleanup": StepRecord(name="cleanup", state=StepState.SUBMITTED, job_id="l"),
    }
    found = facts(graph, records, run_id="r", version=0, trigger={}, inputs=[], began="2026", ended="2027")
    assert found["items"] == {"done": 98, "failed": 3}
    assert {name: one["state"] for name, one in found["steps"].items()} == {
        "score": state,
        "merge": "SUCCEEDED",
    }


def test_the_input_of_a_request_is_not_repeated() -> None:
    """Its checksum is: what it holds may be nobody else's business."""
    trigger = {"kind": "manual", "token": "t", "input": {"password": "secret"}}
    found = facts(pipeline(), {}, run_id="r", version=0, trigger=trigger, inputs=[], began="", ended="")
    assert "secret" not in json.dumps(found["trigger"])
    assert len(found["trigger"]["input_sha256"]) == 64


def test_files_of_another_size_are_not_read() -> None:
    """What has changed is seen by the size alone where it can be."""
    files = (PublishedFile("a", 1, "A"), PublishedFile("b", 2, "B"), PublishedFile("c", 3, "C"))
    receipt = parse_receipt("".join(encoded(FACTS, files)), "here")
    read: list[str] = []

    def digests(names: Iterable[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            read.append(name)
            yield name, name.upper()

    found = compare(receipt, {"a": 1, "b": 99, "d": 0, "_sluice.json": 5, "_sluice.html": 7}, digests)
    assert (found.matching, found.missing, found.changed, found.additional) == (1, ("c",), ("b",), ("d",))
    assert read == ["a"]
