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


def test_machines_are_shared_or_own() -> None:
    """One word; machines that Sluice does not launch it cannot keep for one pipeline."""
    assert "machines: expected 'shared' or 'own'" in mistakes_of(valid(machines="mine"))
    own = valid(machines="own", steps=[Job("a", run="merge", compute="unmanaged")])
    assert "steps['a'].compute: expected machines that AWS Batch launches" in mistakes_of(own)
    assert mistakes_of(valid(machines="own")) == ""


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"disk": 500}, 'disk: expected none without machines="own", found 500'),
        ({"disk": 29, "machines": "own"}, "disk: expected greater than or equal to 30"),
        ({"share": "team-a"}, "share: expected match pattern"),
        ({"share": ""}, "share: expected match pattern"),
        ({"tags": {"aws:team": "data"}}, "tags['aws:team']: expected letters"),
        ({"tags": {"sluice:run": "mine"}}, "tags['sluice:run']: expected letters"),
        ({"tags": {"team": "<b>"}}, "tags['team']: expected letters"),
        ({"tags": {"team": 5}}, "tags['team']: expected letters"),
        ({"tags": ["team"]}, "tags: expected a dictionary"),
        ({"tags": {f"t{number}": "1" for number in range(21)}}, "tags: expected at most 20, found 21"),
        ({"publishes": "everywhere"}, "publishes: expected 'runs' or 'anywhere'"),
    ],
)
def test_the_words_about_machines_tags_and_results_are_checked(fields: dict[str, Any], says: str) -> None:
    """Each by its name, with what to write."""
    assert says in mistakes_of(valid(**fields))


def test_disk_share_and_tags_pass() -> None:
    """As they are documented."""
    fields = {
        "machines": "own",
        "disk": 500,
        "share": "teamA",
        "tags": {"team": "data", "cost center": "4/2"},
    }
    assert mistakes_of(valid(**fields)) == ""
