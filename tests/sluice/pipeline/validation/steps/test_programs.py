"""A step runs a function of its pipeline, or a command in an image."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import Job, Plan
from tests.sluice.pipeline.validation.pipelines import Case, check_case, mistakes_of, valid

CASES: dict[str, Case] = {
    "a missing function": ([Job("a", run="nothing")], "steps['a'].run", "'nothing'"),
    "run and command": ([Job("a", run="merge", command=["wc"], image="busybox")], "steps['a']", "found both"),
    "neither run nor command": ([Job("a")], "steps['a']", "found neither"),
    "a command without an image": (
        [Job("a", command=["wc"])],
        "steps['a'].image",
        "the image that has the command",
    ),
    "an image beside run": (
        [Job("a", run="merge", image="busybox")],
        "steps['a'].image",
        "no image beside run=",
    ),
    "a plan with a command": (
        [Plan("a", command=["wc"], image="busybox")],
        "steps['a'].command",
        "a function for Plan",
    ),
    "a variable of AWS Batch": (
        [Job("a", run="merge", environment={"AWS_BATCH_X": "1"})],
        "steps['a'].environment",
        "AWS_BATCH_X",
    ),
    "a variable of Sluice": (
        [Job("a", run="merge", environment={"SLUICE_RUN": "1"})],
        "steps['a'].environment",
        "SLUICE_RUN",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_reported_at_its_field(case: Case) -> None:
    """The report names the field and says what was expected or found."""
    check_case(case)


def test_a_function_needs_a_steps_file() -> None:
    """Without containers/<pipeline>/steps.py no function can be found."""
    assert mistakes_of(valid(), functions=None).count("no steps.py") == 3


def test_a_function_of_another_module_needs_no_steps_file() -> None:
    """``module:function`` names what the image has."""
    assert mistakes_of(valid(steps=[Job("a", run="shared.steps:merge")]), functions=None) == ""
