"""Requests: how many Manual triggers a pipeline has, and what a request may override."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.errors import PipelineError
from sluice.pipeline.definition import Job, Manual, Pipeline
from sluice.pipeline.step_functions import StepSource
from sluice.pipeline.validation import validate


@pytest.mark.parametrize("overrides", [["disk"], "memory", None, [5]])
def test_what_a_request_may_override_is_checked(overrides: Any) -> None:
    """Manual(overrides=…) takes the names of fields."""
    step = Job("a", run="merge")
    with pytest.raises(PipelineError, match=r"triggers\[0\].overrides"):
        validate(
            Pipeline(name="words", triggers=[Manual(overrides=overrides)], steps=[step]),
            "pipelines/words.py",
            {"merge": StepSource("steps.py:1")},
        )
