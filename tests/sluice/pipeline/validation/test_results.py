"""Where a pipeline publishes is checked at synthesis."""

from __future__ import annotations

from typing import Any

import pytest

from sluice import Job, Manual, Pipeline, S3Upload, Schedule
from sluice.errors import PipelineError
from sluice.pipeline.validation import validate

DAILY = Schedule("cron(0 2 * * ? *)", input={"region": "eu"})


def check(results: Any, trigger: Any = DAILY) -> None:
    """Validate a pipeline that publishes there."""
    job = Job("work", image="busybox", command=["true"])
    validate(Pipeline(name="p", triggers=[trigger], steps=[job], results=results), "p.py")


@pytest.mark.parametrize(
    "results",
    [
        "s3://team-results/flights/",
        "s3://team-results/flights/{date}/",
        "s3://team-results/flights/date={date}/hour={hour}/",
        "s3://team-results/flights/{region}/{run}/",
        "s3://team-results/a/b c/".replace(" ", "_"),
        None,
    ],
)
def test_addresses_are_taken(results: Any) -> None:
    """By run, by date, and by what the input of every run has."""
    check(results)


def test_a_request_may_bring_any_name() -> None:
    """What it lacks is refused when it comes."""
    check("s3://team-results/flights/{airport}/", Manual())


@pytest.mark.parametrize(
    ("results", "mistake"),
    [
        ("team-results/flights/", r"results: expected s3://team-results/flights/"),
        ("s3://Team/flights/", r"results: expected s3://team-results/flights/"),
        (7, r"results: expected s3://team-results/flights/"),
        ("s3://team-results/flights", r"results: expected a folder"),
        ("s3://team-results/", r"results: expected a folder"),
        ("s3://team-results//", r"results: expected a folder"),
        ("s3://team-results/a//b/", r"results: expected folders with names"),
        ("s3://team-results/a/../b/", r"results: expected folders with names"),
        ("s3://team-results/{date}/", r"results: expected folders with names, the first of them fixed"),
        ("s3://team-results/a*/", r"results: expected a prefix of plain characters"),
        ("s3://team-results/{Date}/a/", r"results: expected a prefix of plain characters"),
        ("s3://team-results/a/{date/", r"results: expected a prefix of plain characters"),
        ("s3://team-results/a/{airport}/", r"\(date, hour, region, run\), found airport"),
    ],
)
def test_mistakes_say_what_to_write(results: Any, mistake: str) -> None:
    """Each with the field, what was expected and what was found."""
    with pytest.raises(PipelineError, match=mistake):
        check(results)


def test_an_upload_gives_no_names_but_the_time() -> None:
    """The date and the hour at which its run began."""
    check("s3://team-results/a/{date}/", S3Upload(prefix="a/"))
    with pytest.raises(PipelineError, match=r"\(date, hour, run\), found region"):
        check("s3://team-results/a/{region}/", S3Upload(prefix="a/"))
