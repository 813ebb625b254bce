"""Who may submit the first steps of a run."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import Job
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid


def test_a_run_is_begun_by_a_lambda_or_a_start_job() -> None:
    """Anything else is a mistake that names what there is."""
    assert mistakes_of(valid(submit_from="start-job")) == ""
    said = mistakes_of(valid(submit_from="laptop"))
    assert "submit_from: expected 'lambda' or 'start-job', found 'laptop'" in said


@pytest.mark.parametrize(
    ("steps", "submit_from", "refused"),
    [(1_000, "lambda", False), (1_001, "lambda", True), (1_001, "start-job", False)],
)
def test_a_graph_too_large_for_a_lambda_asks_for_a_start_job(
    steps: int, submit_from: str, refused: bool
) -> None:
    """It could not be submitted in the time that a Lambda has."""
    jobs = [Job(f"s{number}", run="merge") for number in range(steps)]
    said = mistakes_of(valid(steps=jobs, submit_from=submit_from))
    assert ("expected at most 1000 steps that a Lambda submits, found 1001" in said) is refused
    assert ('submit_from="start-job"' in said) is refused
