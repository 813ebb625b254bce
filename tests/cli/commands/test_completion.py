"""Shells complete the words of `sluice`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands.completion import SHELLS
from cli.main import main


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_lines(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They name the command."""
    assert main(["completion", shell]) == 0
    assert "sluice" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sluice re", {"results", "retry", "rerun", "report"}),
        ("sluice rerun --with", {"--with-current-code"}),
        ("sluice runs --state F", {"FAILED"}),
    ],
)
def test_words_are_completed(line: str, expected: set[str], tmp_path: Path) -> None:
    """As argcomplete's protocol asks for: the words come on a file descriptor of their own."""
    answer = tmp_path / "words"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    subprocess.run([sys.executable, "-m", "cli.main"], env=environment, check=False, timeout=60)
    words = answer.read_text().replace("\x0b", "\n").split("\n")
    assert {word.strip() for word in words if word.strip()} == expected
