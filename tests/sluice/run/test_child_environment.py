"""What a job is reported parts of a step: which children run again, and what a command has to do without."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.limits import MAX_CONTAINER_OVERRIDES_BYTES
from sluice.run import child_ranges
from sluice.run.compiled import Kind
from sluice.run.state import GenerationSpec
from sluice.run.submission import Submission
from sluice.run.submit_request import submit_request
from tests.sluice.graphs import QUEUES, RUN_ID, step

ODD = child_ranges.to_text(range(0, 10_000, 2))
HALF = child_ranges.to_text(range(0, 3_000, 2))


def told(terms: GenerationSpec, *, returns: bool = False, **more: Any) -> dict[str, str]:
    """Return the variables of a job with these terms, and that its request is one that AWS Batch takes."""
    one = step("report", Kind.ARRAY, returns=returns, **more)
    request = submit_request(RUN_ID, Submission(one, 10_000, spec=terms, generation=1), QUEUES, {})
    overrides = request["containerOverrides"]
    assert len(json.dumps(overrides, separators=(",", ":")).encode()) <= MAX_CONTAINER_OVERRIDES_BYTES
    return {one["name"]: one["value"] for one in overrides["environment"]}


def test_a_first_generation_is_told_its_place_alone() -> None:
    """As before: the smallest request."""
    assert set(told(GenerationSpec())) == {"SLUICE_RUN", "SLUICE_STEP", "SLUICE_GENERATION"}


def test_a_later_generation_says_which_children_it_works_on() -> None:
    """Batch shows a job's variables, so whoever looks for a child's log finds the place."""
    assert told(GenerationSpec(children="3,17-19"), returns=True)["SLUICE_CHILDREN"] == "3,17-19"
    assert "SLUICE_CHILDREN" not in told(GenerationSpec(children=ODD), returns=True)


def test_a_command_is_told_what_is_missing() -> None:
    """A function asks the ledger; a command has this text."""
    missing = {"score": "3,17-19", "read": "*"}
    assert json.loads(told(GenerationSpec(missing=missing))["SLUICE_MISSING"]) == missing
    assert "SLUICE_MISSING" not in told(GenerationSpec(missing=missing), returns=True)


@pytest.mark.parametrize("own", [0, 2_000])
def test_what_is_too_long_is_shortened(own: int) -> None:
    """The names of the steps stay; and the variables that a step has of its own take their room first."""
    more: dict[str, Any] = {
        "submit": {"containerOverrides": {"environment": [{"name": "OWN", "value": "x" * own}]}}
    }
    found = told(GenerationSpec(missing={"score": ODD, "read": "*"}), **more)
    assert json.loads(found["SLUICE_MISSING"]) == {"score": None, "read": None}
    assert ("OWN" in found) is True
    assert (
        json.loads(told(GenerationSpec(missing={"score": HALF}), **more)["SLUICE_MISSING"])["score"] == HALF
    ) is (own == 0)
