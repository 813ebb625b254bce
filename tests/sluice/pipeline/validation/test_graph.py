"""The graph of the steps: names, parents and cycles."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import Job, always
from tests.sluice.pipeline.validation.pipelines import Case, check_case

CASES: dict[str, Case] = {
    "cycle": (
        [Job("a", run="merge", after=["b"]), Job("b", run="merge", after=["a"])],
        "steps",
        "without a cycle",
    ),
    "step after itself": ([Job("a", run="merge", after=["a"])], "steps", "a → a"),
    "duplicate name": ([Job("a", run="merge"), Job("a", run="merge")], "steps", "'a' 2 times"),
    "a reserved name": ([Job("cleanup", run="merge")], "steps['cleanup'].name", "another name"),
    "the name of the start job": ([Job("start", run="merge")], "steps['start'].name", "another name"),
    "a gate's name": ([Job("gate-0-0-a", run="merge")], "steps['gate-0-0-a'].name", "another name"),
    "a circle of always": (
        [Job("a", run="merge", after=[always("b")]), Job("b", run="merge", after=["a"])],
        "steps",
        "without a cycle",
    ),
    "something else than a step": (["merge"], "steps[0]", "Plan or Array or Job"),
    "no step": ([], "steps", "at least one step"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_reported_at_its_field(case: Case) -> None:
    """The report names the field and says what was expected or found."""
    check_case(case)
