"""The items of arrays: done, failed and all, while they run and after the cleanup."""

from __future__ import annotations

import pytest

from sluice import keys
from sluice.operate.runs.item_counts import ItemCounts, item_counts
from sluice.run.compiled import Kind
from sluice.run.state import ItemSource, Run, StepRecord, StepState
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.harness import OperateHarness

GRAPH = pipeline(step("find", Kind.PLAN), step("work", Kind.ARRAY, items_of="find"), step("total"))


@pytest.mark.parametrize(
    ("state", "failed_items", "words", "expected"),
    [
        (StepState.SUBMITTED, None, [(0, 0, 5, 0)], (5, 0)),
        (StepState.SUBMITTED, None, [], (0, 0)),
        (StepState.FAILED, 3, [(0, 0, 3, 2), (0, 1, 4, 1)], (7, 3)),
        (StepState.FAILED, 1, [(0, 0, 3, 2), (1, 0, 5, 0), (0, 1, 4, 1)], (9, 1)),
        (StepState.SUCCEEDED, 2, [], (8, 2)),
        (StepState.SUCCEEDED, None, [], (10, 0)),
    ],
    ids=["under way", "just begun", "failed", "retried", "tolerated", "all done"],
)
def test_items_are_counted(
    harness: OperateHarness,
    state: StepState,
    failed_items: int | None,
    words: list[tuple[int, int, int, int]],
    expected: tuple[int, int],
) -> None:
    """By the words of the children, of which the last generation's holds, and by the ledger."""
    s3 = harness.clients["s3"]
    s3.create_bucket(Bucket="work")
    for generation, child, done, failed in words:
        key = keys.word(RUN_ID, "work", generation, child, done=done, failed=failed)
        s3.put_object(Bucket="work", Key=key, Body=b"")
    record = StepRecord(
        name="work", state=state, children=2, item_source=ItemSource("m", 10), failed_items=failed_items
    )
    run = Run(run_id=RUN_ID, pipeline=GRAPH, trigger={}, steps={"work": record})
    done, failed = expected
    assert item_counts(s3, "work", run) == {"work": ItemCounts(items=10, done=done, failed=failed)}


@pytest.mark.parametrize(("continues", "failed"), [(False, 1), (True, 0)], ids=["stops", "goes on"])
def test_a_child_that_stops_at_a_bad_item_has_one_that_failed(
    harness: OperateHarness, continues: bool, failed: int
) -> None:
    """It says no word; what it had not begun is neither done nor failed. One that goes on counts its own."""
    s3 = harness.clients["s3"]
    s3.create_bucket(Bucket="work")
    s3.put_object(Bucket="work", Key=keys.word(RUN_ID, "work", 0, 1, done=5, failed=0), Body=b"")
    record = StepRecord(
        name="work", state=StepState.FAILED, children=2, item_source=ItemSource("m", 10), failed_children="0"
    )
    work = step("work", Kind.ARRAY, items_of="find", continues=continues)
    graph = pipeline(step("find", Kind.PLAN), work)
    run = Run(run_id=RUN_ID, pipeline=graph, trigger={}, steps={"work": record})
    assert item_counts(s3, "work", run) == {"work": ItemCounts(items=10, done=5, failed=failed)}
