"""The parts of the demo: a heading, and what happens in each."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from cli.commands.demo import telling
from cli.console import VisibleConsole
from tests.screen.terminal import Terminal


@pytest.mark.parametrize("part", telling.SENTENCES)
def test_each_part_begins_with_a_heading_and_a_sentence(part: str) -> None:
    """The heading has a colour, and no word is cut."""
    terminal = Terminal(80, 24)
    telling.begin(terminal.console, part)
    shown = terminal.screen
    assert shown[1].startswith(f"{part} ─")
    assert terminal.colour_of(part) == "cyan"
    assert " ".join(shown[2:]).strip() == telling.SENTENCES[part]


def test_long_lines_are_folded_at_words_on_a_terminal_alone() -> None:
    """Elsewhere they are for programs."""
    text = Text("word " * 40)
    terminal = Terminal(40, 24)
    telling.fold(terminal.console, text, indent=2)
    assert {word for line in terminal.screen for word in line.split()} == {"word"}
    printed = io.StringIO()
    telling.fold(VisibleConsole(file=printed, force_terminal=False, width=40), text)
    assert len(printed.getvalue().splitlines()) == 1


def test_a_picture_has_some_parts_alone() -> None:
    """The others are shown, and not recorded."""
    console = telling.Recorder(record=True, file=io.StringIO(), width=80)
    for part in telling.SENTENCES:
        telling.begin(console, part)
    console.record = True
    recorded = console.export_text()
    assert [part for part in telling.SENTENCES if f"{part} ─" in recorded] == list(telling.Recorder.PARTS)
