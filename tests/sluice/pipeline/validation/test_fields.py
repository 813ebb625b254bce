"""The fields of steps have the types and the bounds that their definition says."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import Array, Job
from tests.sluice.pipeline.validation.pipelines import Case, check_case

CASES: dict[str, Case] = {
    "memory of 3 MiB": ([Job("a", run="merge", memory=3)], "steps['a'].memory", "greater than or equal to 4"),
    "timeout of 59 s": (
        [Job("a", run="merge", timeout=59)],
        "steps['a'].timeout",
        "greater than or equal to 60",
    ),
    "11 attempts": ([Job("a", run="merge", attempts=11)], "steps['a'].attempts", "less than or equal to 10"),
    "no attempt": ([Job("a", run="merge", attempts=0)], "steps['a'].attempts", "greater than or equal to 1"),
    "a name with an underscore": ([Job("a_b", run="merge")], "steps['a_b'].name", "match pattern"),
    "a name of 41 characters": ([Job("a" * 41, run="merge")], f"steps['{'a' * 41}'].name", "at most 40"),
    "a command without a word": (
        [Job("a", command=[], image="busybox")],
        "steps['a'].command",
        "at least 1 item",
    ),
    "an image with a space": (
        [Job("a", command=["wc"], image="busy box")],
        "steps['a'].image",
        "match pattern",
    ),
    "an image of 256 characters": (
        [Job("a", command=["wc"], image="a" * 256)],
        "steps['a'].image",
        "at most 255",
    ),
    "an unknown queue": (
        [Job("a", run="merge", queue="fast")],  # type: ignore[arg-type]
        "steps['a'].queue",
        "'urgent', 'normal', 'bulk' or 'steady'",
    ),
    "text for a number": ([Job("a", run="merge", memory="2048")], "steps['a'].memory", "a valid integer"),  # type: ignore[arg-type]
    "a truth for a number": (
        [Job("a", run="merge", attempts=True)],
        "steps['a'].attempts",
        "a valid integer",
    ),
    "a number for a function": ([Job("a", run=5)], "steps['a'].run", "a valid string"),  # type: ignore[arg-type]
    "a text for after": (
        [Job("a", run="merge"), Job("b", run="merge", after="a")],  # type: ignore[arg-type]
        "steps['b'].after",
        "a valid list",
    ),
    "nothing for after": ([Job("a", run="merge", after=None)], "steps['a'].after", "a valid list"),  # type: ignore[arg-type]
    "a list for a name": ([Job(["a"], run="merge")], "steps[0].name", "a valid string"),  # type: ignore[arg-type]
    "a list in after": ([Job("a", run="merge", after=[["b"]])], "steps['a'].after[0]", "a valid string"),  # type: ignore[list-item]
    "a word for sequential": (
        [Array("a", run="count", size=3, sequential="yes")],  # type: ignore[arg-type]
        "steps['a'].sequential",
        "a valid boolean",
    ),
    "a number for retries": ([Job("a", run="merge", retries=2)], "steps['a'].retries", "Resubmit"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_reported_at_its_field(case: Case) -> None:
    """The report names the field and says what was expected or found."""
    check_case(case)
