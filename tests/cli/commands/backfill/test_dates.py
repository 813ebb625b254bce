"""`sluice backfill NAME --since … --until …` of a pipeline with schedules."""

from __future__ import annotations

import json

import pytest

from cli.commands.backfill.command import run
from cli.commands.backfill.dates import has_dates
from cli.project import EXAMPLES
from sluice.operate.errors import RequestError
from sluice.operate.pipelines import find_pipeline
from tests.cli.harness import CommandHarness


def test_the_times_of_a_range_are_shown_and_nothing_is_started(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the course's nightly pipeline."""
    assert has_dates(find_pipeline("post-trade", EXAMPLES))
    words = (
        "backfill",
        "post-trade",
        "--since",
        "2026-01-05",
        "--until",
        "2026-01-08",
        "--dry-run",
        "--json",
    )
    assert run(harness.given(*words), harness.cloud, EXAMPLES) == 0
    found = json.loads(capsys.readouterr().out)
    # Half past ten at night in New York is the next day in UTC.
    assert [one["time"] for one in found] == ["2026-01-06T03:30:00Z", "2026-01-07T03:30:00Z"]
    assert len({one["run_id"] for one in found}) == 2


def test_a_range_needs_a_beginning(harness: CommandHarness) -> None:
    """Since the beginning of time would be many."""
    with pytest.raises(RequestError, match="Expected --since"):
        run(harness.given("backfill", "post-trade", "--dry-run"), harness.cloud, EXAMPLES)
