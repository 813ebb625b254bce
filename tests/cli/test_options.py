"""Words that several commands take."""

from __future__ import annotations

import argparse

import pytest

from cli.main import parser
from cli.options import _MEANT, index, leaves, positive, suggestion


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "many"])
def test_what_is_no_number_of_at_least_1(text: str) -> None:
    """The error has what was expected."""
    with pytest.raises(argparse.ArgumentTypeError, match="a whole number of at least 1"):
        positive(text)


def test_numbers() -> None:
    """Children count from 0."""
    assert (positive("3"), index("0")) == (3, 0)
    with pytest.raises(argparse.ArgumentTypeError, match="from 0"):
        index("first")


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("status", ["sets", "show"], " Did you mean 'show'?"),
        ("status", ["sets"], " Did you mean 'sets'?"),
        ("shwo", ["sets", "show"], " Did you mean 'show'?"),
        ("quux", ["sets", "show"], ""),
    ],
)
def test_a_word_that_is_unknown_is_answered_with_the_one_that_is_meant(
    word: str, known: list[str], meant: str
) -> None:
    """Other tools' words first, where the command is one of the known; then what is spelled alike."""
    assert suggestion(word, known) == meant


def test_every_word_of_other_tools_leads_to_a_command() -> None:
    """And none of them is a command itself."""
    commands = {one.prog.split()[1] for one in leaves(parser())}
    assert set(_MEANT.values()) <= commands
    assert not set(_MEANT) & commands


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["retry", "p-1", "--current-code"], "--current-code Did you mean '--with-current-code'?"),
        (["local", "up", "--detatch"], "--detatch Did you mean '--detach'?"),
        (["runs", "--state=failed", "--sinse=2h"], "--sinse=2h Did you mean '--since'?"),
        (["runs", "failed", "--quux"], "unrecognized arguments: failed --quux\n"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else None,
)
def test_an_option_that_is_unknown_is_answered_by_its_command(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the usage of that command, and the option that is meant."""
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(words)
    printed = capsys.readouterr().err
    assert said in printed
    assert f"usage: sluice {words[0]}" in printed
