"""Bars of uploads."""

from pathlib import Path

import pytest

from cli.commands.run.progress import upload_bars


def test_nothing_is_drawn_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What receives the bytes is there all the same."""
    with upload_bars() as bar:
        bar(Path("a.txt"))(5)
    assert capsys.readouterr() == ("", "")
