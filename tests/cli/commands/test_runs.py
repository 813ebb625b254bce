"""What `sluice runs` prints."""

from __future__ import annotations

import json

import pytest

from cli.commands.runs import runs
from sluice.operate.errors import RequestError
from sluice.operate.listing.labels import label_run
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import TABLE
from tests.sluice.operate.runs.three_runs import at, begin_three_runs, words


@pytest.fixture
def three(harness: CommandHarness) -> CommandHarness:
    """A run that failed, one that succeeded and one that runs, in this order."""
    begin_three_runs(harness)
    return harness


def test_json_holds_what_programs_need(three: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints each run with its times, its input and the step at which it failed."""
    assert runs(three.given("runs", "--json", "--state", "failed"), three.cloud) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "run_id": words(0),
            "pipeline": "words",
            "state": "FAILED",
            "created_at": at(0),
            "ended_at": at(60),
            "failed_step": "a",
            "input": "word-count/a.txt",
            "labels": [],
        }
    ]


def test_lines_are_plain_without_a_terminal(
    three: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Elsewhere than on a terminal a run is a line whose first word is its id; the note about more goes to
    the standard error.
    """
    assert runs(three.given("runs", "--limit", "2"), three.cloud) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["RUN", words(2), words(1)]
    assert "60.0 s" not in out.splitlines()[1]
    assert "59.0 s" in out.splitlines()[2]
    assert "the newest 2" in err


def test_an_empty_ledger_is_no_failure(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty ledger is no failure, and JSON of it is an empty list."""
    assert runs(harness.given("runs"), harness.cloud) == 0
    assert "no run yet" in capsys.readouterr().err
    assert runs(harness.given("runs", "--json"), harness.cloud) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_labels_are_a_column_where_there_are_any(
    three: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """A label finds its runs and is shown with them; a wrong one is refused with what is expected."""
    label_run(three.client, TABLE, words(1), ["team=data"])
    assert runs(three.given("runs", "--label", "team=data"), three.cloud) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert (head.split()[-1], row.split()[0], row.split()[-1]) == ("LABELS", words(1), "team=data")
    with pytest.raises(RequestError, match=r"a label such as team=data.*found 'team'"):
        runs(three.given("runs", "--label", "team"), three.cloud)


def test_times_and_inputs_choose_runs(three: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """`--since` and `--until` choose by the time, `--input` by what started a run."""
    assert runs(three.given("runs", "--since", at(1), "--until", at(2), "--input", "A.txt"), three.cloud) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["RUN", words(1)]
    assert runs(three.given("runs", "--input", "other"), three.cloud) == 0
    assert "No run matches" in capsys.readouterr().err
