"""Which children of an array failed: those that Batch lists when its listing is complete, or else all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.advance.failed_children import failed_children
from sluice.run.state import GenerationSpec, StepRecord, StepState
from tests.sluice.clouds import Batch, refused

RECORD = StepRecord(name="a", state=StepState.FAILED, job_id="job", children=5, claimed_at="2026")


def listing(failed: list[int], succeeded: list[int]) -> Batch:
    """Return a Batch that lists these children, two on a page."""
    batch = Batch()
    batch.children["job"] = {"FAILED": failed, "SUCCEEDED": succeeded}
    return batch


def found(batch: Any, record: StepRecord = RECORD) -> tuple[str, int]:
    """Return the failed children, and how often was paused."""
    slept: list[float] = []
    return failed_children(batch, record, slept.append), len(slept)


def test_a_complete_listing_is_believed_at_once() -> None:
    """All its pages together."""
    assert found(listing([1, 3, 4], [0, 2])) == ("1,3-4", 0)


def test_an_incomplete_listing_is_read_again_and_then_all_children_failed() -> None:
    """No failed child is left out."""
    assert found(listing([1], [0, 2])) == ("0-4", 2)
    assert found(listing([], [0, 1, 2, 3, 4])) == ("0-4", 2)
    assert found(Batch()) == ("0-4", 2)


def test_a_listing_that_is_late_is_waited_for() -> None:
    """AWS does not promise that it is as new as the end of the array."""
    batch = listing([1], [0, 2, 3])

    def sleep(seconds: float) -> None:
        batch.children["job"]["SUCCEEDED"].append(4)

    assert failed_children(batch, RECORD, sleep) == "1"


def test_children_have_their_numbers_in_the_whole_step() -> None:
    """A later generation works on some of them only."""
    later = StepRecord(
        name="a",
        state=StepState.FAILED,
        job_id="job",
        children=9,
        claimed_at="2026",
        spec=GenerationSpec(children="2,5,7"),
    )
    assert found(listing([0, 2], [1]), later) == ("2,7", 0)


def test_another_error_is_raised() -> None:
    """The run is advanced again later."""

    class Failing(Batch):
        def list_jobs(self, **request: Any) -> Mapping[str, Any]:  # type: ignore[override]
            raise refused("ServerException", status=500)

    with pytest.raises(ClientError, match="ServerException"):
        found(Failing())
