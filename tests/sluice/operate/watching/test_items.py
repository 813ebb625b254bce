"""Which items of children that failed are done, by their words and their failed items."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice import keys
from sluice.items.failed_items import FailedItem
from sluice.operate.watching.items import FailedItemReader
from sluice.run.state import GenerationSpec, StepRecord, StepState
from tests.sluice.graphs import RUN_ID
from tests.sluice.operate.harness import OperateHarness

_RECORD = StepRecord(name="work", state=StepState.FAILED, job_id="j", children=4)


@pytest.fixture
def reader(harness: OperateHarness) -> FailedItemReader:
    """A reader over an empty work bucket."""
    s3 = harness.clients["s3"]
    s3.create_bucket(Bucket="work")
    return FailedItemReader(s3, "work", RUN_ID)


def _said(harness: OperateHarness, child: int, failed: tuple[int, ...], generation: int = 0) -> None:
    """Have a child say that it is done, and which of its items failed."""
    s3 = harness.clients["s3"]
    if failed:
        items = (
            FailedItem(
                number=one, value="{}", error="ValueError", message=f"no {one}", child=child, attempt=1
            )
            for one in failed
        )
        key = keys.failed_items(RUN_ID, "work", generation, child, 1, 0)
        s3.put_object(Bucket="work", Key=key, Body="".join(one.to_line() for one in items).encode())
    word = keys.word(RUN_ID, "work", generation, child, done=10 - len(failed), failed=len(failed))
    s3.put_object(Bucket="work", Key=word)


def test_the_items_that_failed_have_their_reasons(reader: FailedItemReader, harness: OperateHarness) -> None:
    """A child without a word is left out: nobody knows what it has done."""
    _said(harness, 0, (3, 7))
    _said(harness, 1, ())
    found = reader.failed(_RECORD, [0, 1, 2])
    assert found == {0: {3: "ValueError: no 3", 7: "ValueError: no 7"}, 1: {}}


def test_the_last_generation_that_ran_a_child_counts(
    reader: FailedItemReader, harness: OperateHarness
) -> None:
    """What it finished then has not failed any more."""
    _said(harness, 0, (3, 7))
    _said(harness, 0, (7,), generation=1)
    _said(harness, 1, (12,))
    again = replace(_RECORD, generation=1, spec=GenerationSpec(children="0"))
    assert reader.failed(again, [0, 1]) == {0: {7: "ValueError: no 7"}, 1: {12: "ValueError: no 12"}}


def test_what_a_generation_without_a_word_has_done_is_unknown(
    reader: FailedItemReader, harness: OperateHarness
) -> None:
    """It may have stored what had failed before it; while it is under way, that holds."""
    _said(harness, 0, (3, 7))
    again = replace(_RECORD, generation=1, spec=GenerationSpec(children="0"))
    assert reader.failed(again, [0]) == {}
    assert reader.failed(replace(again, state=StepState.SUBMITTED), [0])[0].keys() == {3, 7}
