"""What a job is reported parts of a step: which children run again, and what a command has to do without."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.limits import MAX_CONTAINER_OVERRIDES_BYTES
from sluice.run import child_ranges
from sluice.run.child_environment import READS, WORD
from sluice.run.compiled import Kind
from sluice.run.state import GenerationSpec
from sluice.run.submission import Submission, Wait
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


def hints(submission: Submission, *steps: str) -> dict[str, str]:
    """Return the variables that a job has beside its place."""
    ids = {wait.step: "id" for wait in submission.waits}
    request = submit_request(RUN_ID, submission, QUEUES, ids, steps=steps)
    found = {one["name"]: one["value"] for one in request["containerOverrides"]["environment"]}
    return {name: value for name, value in found.items() if name in (WORD, READS)}


def test_a_fan_in_names_what_it_reads_and_says_that_it_has_a_word() -> None:
    """Of its parents; an array of one child has a word too, and a command neither."""
    waits = (Wait("score"), Wait("read"))
    fan_in = Submission(step("merge", supervised=True), 1, waits)
    assert hints(fan_in, "score", "read", "merge") == {WORD: "yes", READS: "score,read"}
    assert hints(Submission(step("score", Kind.ARRAY, supervised=True), 1)) == {WORD: "yes"}
    assert hints(Submission(step("score", Kind.ARRAY, supervised=True), 2)) == {}
    assert hints(Submission(step("merge"), 1, waits)) == {}
    assert hints(Submission(step("split", Kind.PLAN, supervised=True), 1)) == {}


def test_a_cleanup_names_all_steps_that_one_call_reads() -> None:
    """Of more it reads them by itself, a hundred a call."""
    cleanup = Submission(step("cleanup", Kind.CLEANUP), 1)
    assert hints(cleanup, "a", "b", "cleanup") == {READS: "a,b,cleanup"}
    many = [f"s{number}" for number in range(99)]
    assert hints(cleanup, *many[:98]) == {READS: ",".join(many[:98])}
    assert hints(cleanup, *many) == {}
    assert hints(cleanup, *("x" * 99 + str(number) for number in range(97))) == {}
