"""Schedules whose missed times get their runs."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Schedule
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid

DAILY = "cron(0 2 * * ? *)"


@pytest.mark.parametrize(
    ("schedule", "where", "says"),
    [
        (Schedule("rate(1 day)", catch_up=True), "catch_up", "rate(1 day)"),
        (Schedule("at(2099-01-31T09:00:00)", catch_up=True), "catch_up", "cron("),
        (Schedule(DAILY, start="2026-01-01"), "start", "catch_up=True beside it"),
        (Schedule(DAILY, start="2026-13-01", catch_up=True), "start", "found 2026-13-01"),
        (Schedule(DAILY, start="2026-01-01T00:00Z", catch_up=True), "start", "2026-01-01T00:00Z"),
        (Schedule(DAILY, start="2099-01-01", catch_up=True), "start", "a time that is over"),
        (Schedule(DAILY, start=20260101, catch_up=True), "start", "a valid string"),  # type: ignore[arg-type]
        (Schedule(DAILY, catch_up="daily"), "catch_up", "boolean"),  # type: ignore[arg-type]
    ],
)
def test_a_mistake_is_reported_at_its_field(schedule: Schedule, where: str, says: str) -> None:
    """With what was expected or found."""
    found = mistakes_of(valid(triggers=[schedule])).splitlines()
    lines = [line for line in found if line.startswith(f"  - triggers[0].{where}: ")]
    assert any(says in line for line in lines), found


def test_runs_that_replace_one_another_are_no_catching_up() -> None:
    """Of a hundred missed times two would run."""
    given: Any = {"max_concurrent_runs": 1, "replace": "newest"}
    found = mistakes_of(valid(triggers=[Schedule(DAILY, catch_up=True)], **given))
    assert "triggers[0].catch_up: " in found
    assert "replace='newest'" in found


@pytest.mark.parametrize("start", [None, "2026-01-01", "2026-01-01T09:30:00"])
def test_a_start_is_a_day_a_time_or_the_first_deploy(start: str | None) -> None:
    """All three are taken."""
    assert mistakes_of(valid(triggers=[Schedule(DAILY, start=start, catch_up=True)])) == ""
