"""The placeholders in commands."""

from __future__ import annotations

import pytest

from sluice.pipeline.definition import Job
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid


def echo(*words: str) -> Job:
    """Return a step of a plain command."""
    return Job("echo", image="busybox", command=["echo", *words])


@pytest.mark.parametrize(
    "words",
    [("{input}",), ("-n", "{input}", "{input}"), ("{", "}", "{}", '{"json": 1}', "${HOME}", "{ print $1 }")],
)
def test_words_of_commands(words: tuple[str, ...]) -> None:
    """The placeholder, and braces that are none."""
    assert mistakes_of(valid(steps=[echo(*words)])) == ""


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("{inputs}", "steps['echo'].command[1]: expected {input}, the only placeholder, found '{inputs}'"),
        ("{item}", "found '{item}'"),
        ("--in={input}", "expected {input} as a whole word, found '--in={input}'"),
    ],
)
def test_unknown_placeholders_are_refused(word: str, says: str) -> None:
    """AWS Batch would hand them to the program as they are."""
    assert says in mistakes_of(valid(steps=[echo(word)]))
