"""`sluice backfill --status` says what is left to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.backfill.command import run
from cli.errors import UsageError
from tests.cli.harness import CommandHarness
from tests.sluice.catch_up.left import fill_a_group, miss
from tests.sluice.operate.start.inbox import add_inbox


@pytest.fixture
def cloud(harness: CommandHarness) -> CommandHarness:
    """A harness with an inbox."""
    add_inbox(harness)
    return harness


def test_what_is_left_is_shown(cloud: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Times by their number and range, a group by its run; those of one pipeline, or of all."""
    miss(cloud.clients, 5, done=2)
    fill_a_group(cloud.clients)
    assert run(cloud.given("backfill", "--status", "--json"), cloud.cloud, Path()) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["missed_times"] == [
        {
            "pipeline": "words",
            "left": 3,
            "of": 5,
            "first": "2026-01-03T02:00:00Z",
            "last": "2026-01-05T02:00:00Z",
            "live": 0,
        }
    ]
    (group,) = found["groups"]
    assert (group["pipeline"], group["files"]) == ("files", 1)
    assert run(cloud.given("backfill", "words", "--status"), cloud.cloud, Path()) == 0
    out = capsys.readouterr().out
    assert "2026-01-03 02:00:00" in out
    assert "files" not in out


def test_nothing_left_is_said(cloud: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """And is no failure."""
    assert run(cloud.given("backfill", "--status"), cloud.cloud, Path()) == 0
    assert "no missed time is left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--status", "words", "--dry-run"), "dry_run beside it"), ((), "Expected NAME")],
)
def test_words_that_do_not_go_together_are_refused(
    cloud: CommandHarness, words: tuple[str, ...], says: str
) -> None:
    """A status changes nothing, and a backfill is of a pipeline."""
    with pytest.raises(UsageError, match=says):
        run(cloud.given("backfill", *words), cloud.cloud, Path())
