"""A job that runs once: the fan-in reads every result, and only of what there is."""

from __future__ import annotations

import pytest

from sluice.run.state import Run
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import Jobs
from tests.sluice.runtime.probe import FUNCTIONS


def test_every_result_arrives_in_order(jobs: Jobs, run: Run) -> None:
    """Children share the items, child i follows child i, and the fan-in reads every result once, in
    order.
    """
    assert jobs.drive(run, FUNCTIONS) == "SUCCEEDED"
    assert jobs.codes == {"find": [0], "work": [0] * 3, "follow": [0] * 3, "gather": [0], "cleanup": [0]}
    assert jobs.results(run) == {
        "all.txt": "".join(f"{number} [{number}, {number}]\n" for number in range(10))
    }


@pytest.mark.parametrize("name", ["folow", "gather", "find"])
def test_results_of_no_array_are_refused(
    name: str, jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped name is an error; it would else look like an array without results."""
    monkeypatch.setattr(functions, "gather", lambda results, out: list(results(name)))
    assert jobs.drive(run, FUNCTIONS) == "FAILED"
    assert (
        jobs.failure(run, "gather")["message"]
        == f"Expected an array or nodes upstream of gather (work, follow), found '{name}'."
    )
