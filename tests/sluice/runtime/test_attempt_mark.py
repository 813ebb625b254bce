"""A later attempt of the same job is told from an earlier one, and from whatever else published the name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluice.runtime.attempt_mark import is_later, is_of_later_run, is_of_run, mark, run_mark
from sluice.runtime.job_context import JobContext

JOB = JobContext(run="p-1", step="merge", generation=1, job_id="j", attempt=2, child=0)


@pytest.mark.parametrize(
    ("other", "later"),
    [
        ({"attempt": 3}, True),
        ({"generation": 2, "attempt": 1}, True),
        ({"generation": 11, "attempt": 1}, True),
        ({}, False),
        ({"attempt": 1}, False),
        ({"generation": 0, "attempt": 10}, False),
        ({"attempt": 3, "child": 1}, False),
        ({"attempt": 3, "step": "other"}, False),
        ({"attempt": 3, "run": "p-2"}, False),
    ],
)
def test_which_attempts_are_later(other: dict[str, Any], later: bool) -> None:
    assert is_later(mark(replace(JOB, **other)), JOB) is later


@pytest.mark.parametrize("metadata", [{}, {"sluice-run": "p-1"}, {"sluice-attempt": "merge 0 9 9"}])
def test_what_bears_no_whole_mark_is_no_later_attempt(metadata: dict[str, str]) -> None:
    assert not is_later(metadata, JOB)


def test_a_cleanup_of_a_later_time_that_a_run_ran_is_told_from_others() -> None:
    first, second, other = run_mark("p-1", 0), run_mark("p-1", 1), run_mark("p-2", 9)
    assert is_of_later_run(second, "p-1", 0)
    assert not any(is_of_later_run(found, "p-1", 1) for found in (first, second, other, {}))
    assert is_of_run({**second, "more": "x"}, "p-1", 1)
    assert not any(is_of_run(found, "p-1", 1) for found in (first, other, {}))
