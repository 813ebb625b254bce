"""Tables on a narrow screen: one row a run."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cli.console import print_table
from cli.screen.columns import fitted
from tests.screen.expected import assert_as_expected
from tests.screen.terminal import Terminal

_COLUMNS = ("RUN", "STATE", "BEGAN (UTC)", "TOOK", "INPUT", "FAILED AT")
_ROWS = [
    (
        f"flight-delays-{digest}d2c3b4a5968778695a4b3c",
        state,
        "2026-11-28 23:59:01",
        "1234.5 s",
        f"s3://sluice-inbox-000000000000-us-east-1/flights/2013/{number:02}/part.csv",
        failed,
    )
    for number, (digest, state, failed) in enumerate(
        [("0a1b2c", "FAILED", "summarise"), ("0a1b9f", "RUNNING", ""), ("77aa01", "SUCCEEDED", "")]
    )
]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_each_run_is_one_row(width: int, height: int) -> None:
    """Its id is cut so that it can be copied and still means this run; of its input the end is kept."""
    terminal = Terminal(width, height)
    print_table(terminal.console, _COLUMNS, _ROWS, one_line=True)
    assert len(terminal.screen) == 1 + len(_ROWS)
    assert_as_expected(f"runs-{width}x{height}", [terminal.screen])


def test_what_fits_is_not_cut() -> None:
    """Nor is what is printed elsewhere than on a terminal."""
    assert fitted([("RUN", "STATE"), ("words-a", "FAILED")], 80) == [["RUN", "STATE"], ["words-a", "FAILED"]]


def test_ids_keep_what_they_differ_in() -> None:
    """However narrow the screen is."""
    cut = fitted([("RUN", "INPUT"), *((f"{'p' * 30}-{n}xxxxxxxx", "y" * 90) for n in range(3))], 40)
    assert [row[0] for row in cut[1:]] == [f"{'p' * 30}-{n}…" for n in range(3)]


def test_in_a_pipe_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read it."""
    print_table(Console(file=io.StringIO(), width=20), _COLUMNS, _ROWS, one_line=True)
    assert _ROWS[0][0] in capsys.readouterr().out
