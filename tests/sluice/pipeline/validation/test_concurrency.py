"""How many runs of a pipeline may run at the same time."""

from __future__ import annotations

import pytest

from sluice.pipeline.compiling import concurrency_of
from sluice.pipeline.definition import Manual, S3Upload
from sluice.run.concurrency import Concurrency
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid

UPLOADS = [S3Upload(prefix="words/")]
GROUPS = [S3Upload(prefix="words/", group_within="60s")]


def test_a_pipeline_may_limit_its_runs() -> None:
    """By itself, or for each object."""
    assert mistakes_of(valid(max_concurrent_runs=1)) == ""
    assert mistakes_of(valid(triggers=UPLOADS, max_concurrent_runs=3, per="object", replace="newest")) == ""
    assert concurrency_of(valid(max_concurrent_runs=2, replace="newest")) == Concurrency(
        2, "pipeline", "newest"
    )
    assert concurrency_of(valid()) is None


@pytest.mark.parametrize("triggers", [[Manual()], GROUPS])
def test_an_order_of_objects_needs_runs_of_objects(triggers: list[S3Upload | Manual]) -> None:
    """A group and a request have many objects, or none."""
    said = mistakes_of(valid(triggers=triggers, max_concurrent_runs=1, per="object"))
    assert "per: expected an S3Upload that starts a run for each file, found 'object' without one" in said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_concurrent_runs", 0),
        ("max_concurrent_runs", 101),
        ("max_concurrent_runs", "1"),
        ("max_concurrent_runs", True),
        ("per", "file"),
        ("replace", "oldest"),
        ("replace", True),
    ],
)
def test_another_value_is_a_mistake(field: str, value: object) -> None:
    """Each says what is expected."""
    assert f"{field}: expected" in mistakes_of(valid(**{"max_concurrent_runs": 1, field: value}))


@pytest.mark.parametrize(("field", "value"), [("per", "object"), ("replace", "newest")])
def test_how_runs_wait_needs_a_limit(field: str, value: str) -> None:
    """It would do nothing, and nobody would know."""
    said = mistakes_of(valid(triggers=UPLOADS, **{field: value}))
    assert f"{field}: expected max_concurrent_runs= beside it, found {field}={value!r} alone" in said
