"""Pipelines whose mistakes the tests of the validation look for."""

from __future__ import annotations

from typing import Any

from sluice.errors import PipelineError
from sluice.pipeline.definition import Array, Job, Manual, Pipeline, Plan, S3Upload
from sluice.pipeline.step_functions import Functions, StepSource
from sluice.pipeline.validation import validate

FUNCTIONS = {name: StepSource("steps.py:1") for name in ("split", "count", "merge")}
Case = tuple[list[Any], str, str]
"""The steps of a pipeline, the field of its mistake, and a part of what the mistake says."""


def valid(**changes: Any) -> Pipeline:
    """Return a valid pipeline with some of its fields changed."""
    fields: dict[str, Any] = {
        "name": "words",
        "triggers": [S3Upload(prefix="words/")],
        "steps": [
            Plan("split", run="split"),
            Array("count", run="count", items_of="split"),
            Job("merge", run="merge", after=["count"]),
        ],
    }
    return Pipeline(**{**fields, **changes})


def mistakes_of(pipeline: Pipeline, functions: Functions | None = FUNCTIONS) -> str:
    """Return the text of the mistakes, or nothing."""
    try:
        validate(pipeline, "pipelines/words.py", functions)
    except PipelineError as error:
        return str(error)
    return ""


def check_case(case: Case) -> None:
    """Fail unless the mistake of these steps is reported at its field."""
    steps, where, says = case
    report = mistakes_of(valid(steps=steps))
    lines = [line for line in report.splitlines() if line.startswith(f"  - {where}: ")]
    assert any(says in line for line in lines), report


def step_mistakes(**fields: Any) -> list[str]:
    """Return the mistakes of a step with these fields, which runs a function unless they say otherwise."""
    program = {} if "command" in fields else {"run": "merge"}
    found = Pipeline(name="words", triggers=[Manual()], steps=[Job("a", **{**program, **fields})])
    try:
        validate(found, "pipelines/words.py", FUNCTIONS)
    except PipelineError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


def command(*words: str) -> dict[str, Any]:
    """Return the fields of a step with a command."""
    return {"image": "busybox", "command": list(words)}
