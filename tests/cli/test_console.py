"""What is printed where."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from cli.console import aligned, console_of, print_json, print_line, print_note, print_table, spinner


def test_results_and_notes_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Results go to the standard output, notes and progress to the standard error."""
    with spinner("Working …"):
        print_line("result")
    print_note("note")
    out, err = capsys.readouterr()
    assert (out, err) == ("result\n", "sluice: note\n")


def test_json_is_one_line_when_it_is_one_of_several(capsys: pytest.CaptureFixture[str]) -> None:
    """Characters beyond ASCII stay readable."""
    print_json({"a": "ž"}, lines=True)
    assert capsys.readouterr().out == '{"a": "ž"}\n'
    print_json({"a": 1})
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_rows_without_a_terminal_are_aligned_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """Two spaces stand between columns."""
    print_table(console_of(terminal=False), ("RUN", "STATE"), [("x" * 200, "FAILED")])
    assert capsys.readouterr().out.splitlines()[1] == "x" * 200 + "  FAILED"
    assert aligned([("a", "b"), ("ccc", "")]) == ["a    b", "ccc"]


def test_rows_on_a_terminal_are_a_table() -> None:
    """Short ones go to the screen at once."""
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=40)
    print_table(console, ("RUN",), [("words-a",)])
    assert isinstance(console.file, io.StringIO)
    assert "words-a" in console.file.getvalue()
