"""Which reasons are of one kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.alerts.failure_kind import digest_of, kind_of

RUN, KEY = "words-" + "a" * 20, "words/from Prague.csv"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ValueError: not a number (item 17)", "ValueError: not a number (item 4711)"),
        ("2 of 100 children failed: ValueError: x", "1 of 7 children failed: ValueError: x"),
        ("KeyError: 'Smith'", "KeyError: 'Jones and Sons'"),
        ("FileNotFoundError: /tmp/a1/in.csv", "FileNotFoundError: /tmp/zz/other.csv"),
        ("no s3://inbox/a.txt?versionId=4kd", "no s3://inbox/b%20c.txt"),
        (f"the run {RUN} is odd", "the run words-" + "b" * 20 + " is odd"),
        ("job 4c7599ae-0a82-49aa-ba5a-4727fcce14a8 lost", "job 99999999-0a82-49aa-ba5a-4727fcce14a8 lost"),
        (f"cannot read {KEY}", "cannot read words/from Brno.csv"),
        ("at 2026-01-01T00:00:01Z: late", "at 2026-02-03T10:00:01Z: late"),
        ("timed out after 1.5s", "timed out after 20.25s"),
    ],
)
def test_names_and_numbers_make_no_difference(one: str, other: str) -> None:
    """They differ from run to run."""
    names = (RUN, "words-" + "b" * 20, KEY, "words/from Brno.csv")
    assert kind_of(one, *names) == kind_of(other, *names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ValueError: not a number", "ValueError: not a date"),
        ("KeyError: 'a'", "IndexError: 'a'"),
        ("the program ended with exit code 1", "the program ended with exit code 3"),
        ("the permission s3:PutObject is missing", "the permission s3:GetObject is missing"),
    ],
)
def test_causes_make_a_difference(one: str, other: str) -> None:
    """Words do, and the numbers of exit codes."""
    assert kind_of(one) != kind_of(other)


@given(st.text(st.characters()), st.lists(st.text()))
def test_every_reason_has_a_kind_of_bounded_length(reason: str, names: list[str]) -> None:
    """Whatever it is made of."""
    assert len(kind_of(reason, *names)) < 5_000
    assert len(digest_of(kind_of(reason, *names))) == 16
