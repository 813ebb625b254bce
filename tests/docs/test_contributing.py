"""The answers of CONTRIBUTING.md are where it says, and docs/layout.md knows every room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_imports import MAY_IMPORT, ROOMS

ROOT = Path(__file__).parents[2]
ANSWER = re.compile(r"^\| (?P<question>[^|]+\?) \| `(?P<file>[^`]+)` \| `(?P<line>[^|]+)` \|$", re.MULTILINE)
ANSWERS = ANSWER.findall((ROOT / "CONTRIBUTING.md").read_text())


def test_there_are_twelve_answers_to_ten_questions() -> None:
    """Two questions have two parts."""
    assert len(ANSWERS) == 12


@pytest.mark.parametrize(("question", "file", "line"), ANSWERS)
def test_the_deciding_line_is_in_the_file_that_one_opens(question: str, file: str, line: str) -> None:
    """At most two files are opened for a question; the line is there."""
    assert line in (ROOT / file).read_text(), question


def test_the_layout_knows_every_folder_and_every_package() -> None:
    """A room that the plan does not show is not found."""
    text = (ROOT / "docs" / "layout.md").read_text()
    folders = [f"`{folder}/`" for folder in MAY_IMPORT]
    packages = [f"`sluice/{room}/`" for room in ROOMS[1:]]
    assert [name for name in [*folders, *packages] if name not in text] == []
