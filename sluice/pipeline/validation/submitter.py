"""Checks who submits the first steps of a pipeline's runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_type_hints

from pydantic import TypeAdapter

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.fields import checked, listed

MAX_STEPS_OF_A_LAMBDA = 1_000
"""How many steps a Lambda submits in its minute, at fewer than 50 a second: AWS Batch allows no more in an
account and Region.

Source: https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
"""


def check_submitter(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with ``submit_from``, and a graph that is too large for a Lambda."""
    yield from checked(
        "submit_from", TypeAdapter(get_type_hints(Pipeline)["submit_from"]), pipeline.submit_from
    )
    steps = len(listed(pipeline.steps))
    if pipeline.submit_from == "lambda" and steps > MAX_STEPS_OF_A_LAMBDA:
        fix = 'Write submit_from="start-job": a small job has the time to submit them.'
        yield Mistake(
            "steps", f"at most {MAX_STEPS_OF_A_LAMBDA} steps that a Lambda submits", str(steps), fix
        )
