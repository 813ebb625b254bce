"""docs/cli.md says what the command does: its commands exist, and every command is in it."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from cli.commands.graph.command import lines
from cli.commands.runs import LIMIT
from cli.main import parser
from cli.project import EXAMPLES
from local.paths import REPOSITORY
from sluice.operate.pipelines import find_pipeline
from sluice.run.state import RunState

PAGE = (REPOSITORY / "docs" / "cli.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
SHOWN = [line for block in BLOCKS for line in block.splitlines() if line.startswith("sluice ")]


def commands() -> set[str]:
    """Return the names of the parser's commands."""
    (names,) = (
        action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return set(names)


@pytest.mark.parametrize("example", SHOWN)
def test_an_example_is_a_command_line(example: str) -> None:
    """The parser takes every command line of the page."""
    assert callable(parser().parse_args(shlex.split(example)[1:]).run)


def test_every_command_has_its_chapter_and_example() -> None:
    """The page has a chapter, a line of the table and an example for each command, and for no other."""
    assert set(re.findall(r"^## sluice (\S+)$", PAGE, flags=re.MULTILINE)) == commands()
    assert set(re.findall(r"^\| \[`sluice (\S+)`\]", PAGE, flags=re.MULTILINE)) == commands()
    assert {shlex.split(example)[1] for example in SHOWN} == commands()


def test_words_in_the_text() -> None:
    """Options, states and numbers in the text are those of the commands."""
    for words in re.findall(r"`(sluice [a-z][^`]*)`", PAGE):
        assert words.split()[1] in commands()
    assert f"the newest {LIMIT}." in PAGE
    assert "States are RUNNING, SUCCEEDED, FAILED, CANCELLED, and for pipelines" in PAGE
    assert set(RunState) == {"RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "WAITING", "REPLACED"}
    assert f"`--timeout` seconds\n   ({parser().parse_args(['cancel', 'x']).timeout})" in PAGE


def test_the_drawing_is_the_commands_own() -> None:
    """The drawing of word-count on the page is what `sluice graph` draws."""
    assert "\n".join(lines(find_pipeline("word-count", EXAMPLES))) in PAGE
