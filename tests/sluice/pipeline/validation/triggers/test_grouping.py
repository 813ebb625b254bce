"""How upload triggers gather files, and plans whose items are the files that started the run."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Array, Job, Manual, Plan, S3Upload, Schedule, Step
from sluice.pipeline.validation.triggers.grouping import Gathering, grouping_of
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid

FILES: list[Step] = [Plan("files"), Array("count", run="count", items_of="files")]


@pytest.mark.parametrize(
    ("given", "seconds", "of"),
    [
        ({"group_within": "60s", "group_of": 10_000}, 60, 10_000),
        ({"group_within": "1s"}, 1, 10_000),
        ({"group_within": "15m"}, 900, 10_000),
        ({"group_within": "900s", "group_of": 1}, 900, 1),
        ({"group_of": 7}, 60, 7),
    ],
)
def test_what_gathers(given: dict[str, Any], seconds: int, of: int) -> None:
    """Seconds or minutes, up to a quarter of an hour; what is left out has its default."""
    upload = S3Upload(prefix="words/", **given)
    assert mistakes_of(valid(triggers=[upload])) == ""
    assert upload.gathers
    assert grouping_of(upload) == Gathering(seconds, of)


@pytest.mark.parametrize(
    "within", ["0s", "16m", "901s", "60", "1h", "1.5m", " 60s", "60 s", "", "-5s", "٣s", "99999999s"]
)
def test_no_time_to_gather_for(within: str) -> None:
    """The report quotes it."""
    said = mistakes_of(valid(triggers=[S3Upload(prefix="words/", group_within=within)]))
    assert (
        f"triggers[0].group_within: expected a time from 1s to 15m, such as 45s or 5m, found {within!r}"
        in said
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"group_of": 0}, "greater than or equal to 1"),
        ({"group_of": 10_001}, "less than or equal to 10000"),
        ({"group_of": "5"}, "a valid integer"),
        ({"group_within": 60}, "a valid string"),
    ],
)
def test_no_number_to_gather(given: dict[str, Any], says: str) -> None:
    """An array has 10,000 children."""
    assert says in mistakes_of(valid(triggers=[S3Upload(prefix="words/", **given)]))


def test_a_plan_of_uploads_needs_no_function() -> None:
    """With an upload trigger, or with one that may be given files; alone or beside others."""
    for triggers in (
        [S3Upload(prefix="w/")],
        [Manual()],
        [Schedule("rate(1 day)"), S3Upload(prefix="w/", group_of=5)],
    ):
        assert mistakes_of(valid(triggers=triggers, steps=FILES)) == ""


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"triggers": [Schedule("rate(1 day)")], "steps": FILES},
            "steps['files']: expected either run=, or a trigger that has files",
        ),
        (
            {"steps": [Job("a", run="merge"), Plan("files", after=["a"]), *FILES[1:]]},
            "steps['files'].after: expected no parents",
        ),
        ({"steps": [Plan("files", image="busybox"), *FILES[1:]]}, "steps['files'].image"),
        ({"steps": [Plan("files", run="split", command=["x"], image="busybox"), *FILES[1:]]}, "found both"),
        ({"steps": [Job("a")]}, "steps['a']: expected either run= or command=, found neither"),
    ],
)
def test_a_plan_of_no_uploads(changes: dict[str, Any], says: str) -> None:
    """Each mistake is reported with the name of the step."""
    assert says in mistakes_of(valid(**changes))


def test_a_group_may_wait_for_quiet() -> None:
    """At most for an hour, unless it says otherwise."""
    quiet = S3Upload(prefix="w/", group_after="10m")
    assert quiet.gathers
    assert grouping_of(quiet) == Gathering(3_600, 10_000, 600)
    longer = S3Upload(prefix="w/", group_after="30s", group_max_wait="2h", group_of=5)
    assert grouping_of(longer) == Gathering(7_200, 5, 30)
    assert mistakes_of(valid(triggers=[longer])) == ""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"group_after": "16m"}, "group_after: expected a time from 1s to 15m"),
        ({"group_after": "10m", "group_within": "60s"}, "expected no group_within= beside it, found '60s'"),
        ({"group_max_wait": "2h"}, "group_max_wait: expected group_after= beside it"),
        ({"group_after": "1m", "group_max_wait": "25h"}, "expected a time from 1m to 24h, such as 2h"),
        ({"group_after": "1m", "group_max_wait": "soon"}, "expected a time from 1m to 24h"),
        (
            {"group_after": "10m", "group_max_wait": "5m"},
            "group_max_wait: expected a longer time than group_after=",
        ),
        ({"group_after": "10m", "group_max_wait": "10m"}, "found '10m' beside group_after='10m'"),
        ({"group_after": 60}, "a valid string"),
    ],
)
def test_no_quiet(given: dict[str, Any], says: str) -> None:
    """Each mistake says what to write."""
    assert says in mistakes_of(valid(triggers=[S3Upload(prefix="words/", **given)]))
