"""All mistakes of a pipeline file are reported together and by name."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.errors import PipelineError
from sluice.pipeline.definition import Array, Job, Pipeline, S3Upload
from sluice.pipeline.validation import validate
from tests.sluice.pipeline.validation.pipelines import FUNCTIONS, mistakes_of, valid


def test_a_valid_pipeline_has_no_mistakes() -> None:
    """A pipeline as the documentation shows it passes."""
    assert mistakes_of(valid()) == ""


@pytest.mark.parametrize("name", ["Words", "words_", "1words", "words-", "wörter", "", "a" * 41, 7, None])
def test_a_bad_name_of_a_pipeline_is_reported(name: Any) -> None:
    """Names become parts of job names and of S3 keys."""
    assert "  - name: expected" in mistakes_of(valid(name=name))


def test_all_mistakes_of_a_file_are_reported_together() -> None:
    """One synthesis shows all there is to correct, each with what to do."""
    steps = [
        Job("a", run="merge", memory=3, timeout=5, after=["b"]),
        Job("b", run="nothing", after=["a", "missing"]),
        Job("b", run=5, after=["a"]),  # type: ignore[arg-type]
        Array("c", run="count"),
    ]
    triggers = [S3Upload(prefix=5)]  # type: ignore[arg-type]
    pipeline = Pipeline(name="Bad_Name", triggers=triggers, steps=steps)  # type: ignore[arg-type]
    with pytest.raises(PipelineError) as raised:
        validate(pipeline, "pipelines/bad.py", FUNCTIONS)
    text = str(raised.value)
    for part in (
        "name:",
        "prefix",
        "memory",
        "timeout",
        "'missing'",
        "'nothing'",
        "steps['b'].run",
        "2 times",
        "cycle",
        "found none",
    ):
        assert part in text, part
    assert text.startswith(f"pipelines/bad.py has {len(raised.value.mistakes)} mistakes:")
    assert all(mistake.fix for mistake in raised.value.mistakes)
