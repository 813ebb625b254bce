"""Which failures of its parents a step may tolerate."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import Array, Job, always, finished
from tests.sluice.pipeline.validation.pipelines import Case, check_case

CASES: dict[str, Case] = {
    "unknown step": ([Job("a", run="merge", after=["missing"])], "steps['a'].after", "'missing'"),
    "at least nothing": (
        [Array("a", run="count", size=2), Job("b", run="merge", after=[finished("a", at_least=0)])],
        "steps['b'].after",
        "at_least above 0 and at most 1",
    ),
    "at least more than all": (
        [Array("a", run="count", size=2), Job("b", run="merge", after=[finished("a", at_least=99)])],
        "steps['b'].after",
        "found 99",
    ),
    "nothing that is tolerated": (
        [Array("a", run="count", size=2), Job("b", run="merge", after=[finished("a")])],
        "steps['b'].after",
        "at_least=, at_most= or both",
    ),
    "at most less than none": (
        [Array("a", run="count", size=2), Job("b", run="merge", after=[finished("a", at_most=-1)])],
        "steps['b'].after",
        "at_most of 0 or more",
    ),
    "at most a share": (
        [
            Array("a", run="count", size=2),
            Job("b", run="merge", after=[finished("a", at_most=0.5)]),  # type: ignore[arg-type]
        ],
        "steps['b'].after",
        "a whole number",
    ),
    "finished of a job": (
        [Job("a", run="merge"), Job("b", run="merge", after=[finished("a", at_least=0.5)])],
        "steps['b'].after",
        "no items",
    ),
    "always of an unknown step": (
        [Job("a", run="merge", after=[always("missing")])],
        "steps['a'].after",
        "'missing'",
    ),
    "always and needed": (
        [Job("a", run="merge"), Job("b", run="merge", after=["a", always("a")])],
        "steps['b'].after",
        "each step once",
    ),
    "finished of the array that it follows": (
        [
            Array("a", run="count", size=2),
            Array("b", run="count", each="a", after=[finished("a", at_least=0.5)]),
        ],
        "steps['b'].after",
        "each step once",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_reported_at_its_field(case: Case) -> None:
    """The report names the field and says what was expected or found."""
    check_case(case)
