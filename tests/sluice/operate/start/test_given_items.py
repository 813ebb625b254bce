"""The items of a file, for the plans of a pipeline; and the run that works on just these."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sluice.items.failed_items import FailedItem
from sluice.items.manifest import read_slice
from sluice.operate.errors import RequestError
from sluice.operate.start.given_items import for_plans, read_items
from sluice.run.compiled import CompiledPipeline, Kind
from tests.sluice.graphs import pipeline, step, word_count
from tests.sluice.operate.again.test_restart import TRIGGERS, Rerunning, run_by
from tests.sluice.operate.harness import OperateHarness

TWO_PLANS = pipeline(
    step("a", Kind.PLAN),
    step("b", Kind.PLAN),
    step("of-a", Kind.ARRAY, items_of="a"),
    step("of-b", Kind.ARRAY, items_of="b"),
)


def failed(number: int, name: str) -> str:
    """Return a line of a published failed.jsonl."""
    found = FailedItem(number=number, value=f'{{"n": {number}}}', error="E", message="m", child=0, attempt=1)
    return found.to_line_of(name, "words-a")


def write(folder: Path, *lines: str) -> Path:
    """Write a file of lines."""
    path = folder / "items.jsonl"
    path.write_text("\n".join(line.rstrip("\n") for line in lines))
    return path


def test_failed_items_go_to_the_plan_of_their_array(tmp_path: Path) -> None:
    """One that failed in two arrays is one item of their plan; the file says which run it comes from."""
    path = write(tmp_path, failed(3, "count"), failed(7, "rank"), failed(3, "rank"), "")
    found = for_plans(word_count(), read_items(path))
    assert (found.of_plans, found.run) == ({"split": ({"n": 3}, {"n": 7})}, "words-a")


def test_items_of_a_persons_own_need_no_more_than_themselves(tmp_path: Path) -> None:
    """Where there is one plan."""
    found = for_plans(word_count(), read_items(write(tmp_path, '{"n": 1}', '{"n": 2}', '{"n": 1}')))
    assert (found.of_plans, found.run) == ({"split": ({"n": 1}, {"n": 2})}, None)


@pytest.mark.parametrize(
    ("graph", "lines", "problem"),
    [
        (word_count(), ["{"], "Line 1: expected a JSON object"),
        (word_count(), ['{"n": 1}', "[1]"], "Line 2: expected a JSON object"),
        (word_count(), ["", "  "], "Expected items in"),
        (word_count(), [failed(1, "merge")], r"plan of words \(count, rank\), found 'merge'"),
        (TWO_PLANS, ['{"n": 1}'], "words has 2 plans"),
        (word_count(), [failed(1, "count"), failed(2, "count").replace("words-a", "words-b")], "of one run"),
    ],
)
def test_what_is_no_such_file_is_refused(
    tmp_path: Path, graph: CompiledPipeline, lines: list[str], problem: str
) -> None:
    """With the line."""
    with pytest.raises(RequestError, match=problem):
        for_plans(graph, read_items(write(tmp_path, *lines)))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Or that is no text."""
    with pytest.raises(RequestError, match="Expected a file with JSON lines"):
        read_items(tmp_path / "gone.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9")
    with pytest.raises(RequestError, match="Expected a file with JSON lines"):
        read_items(tmp_path / "latin.jsonl")


@pytest.mark.parametrize("with_run", [True, False])
def test_a_run_of_just_these_items_is_requested(
    harness: OperateHarness, tmp_path: Path, *, with_run: bool
) -> None:
    """With the trigger of the run that they come from, or with an input; the items are a manifest of the new
    run.
    """
    rerunning = Rerunning(harness)
    given = for_plans(word_count(), read_items(write(tmp_path, failed(3, "count"), failed(7, "count"))))
    run = run_by(TRIGGERS[0]) if with_run else None
    new = rerunning.restarter.start_items("words", given, run, "t", {"x": 1})
    (sent,) = rerunning.queue.sent
    expected: dict[str, Any] = (
        TRIGGERS[0].to_dict() if with_run else {"kind": "manual", "token": "t", "input": {"x": 1}}
    )
    assert (sent.trigger, sent.definition) == (expected, {"bucket": "assets", "key": "S/1.json"})
    manifest = sent.items["split"]["manifest"]
    assert sent.items["split"]["items"] == 2
    assert manifest.startswith(f"runs/{new}/")
    assert list(read_slice(rerunning.s3, "work", manifest, 0, 2)) == [{"n": 3}, {"n": 7}]
    assert json.loads(sent.to_json())["restart"] == (run_by(TRIGGERS[0]).run_id if with_run else "")
