"""The message of an alert fits each medium."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.alerts.alert_message import AlertMessage, ascii_of, text_message


def test_the_message_has_a_text_for_each_medium() -> None:
    """As SNS's MessageStructure json asks."""
    message = AlertMessage(subject="a", email="b", sms="c")
    assert json.loads(message.sns_message()) == {"default": "b", "email": "b", "sms": "c"}


@given(st.text())
def test_a_subject_is_ascii_and_short(subject: str) -> None:
    """As SNS asks."""
    line = AlertMessage(subject=subject, email="", sms="").subject_line()
    assert line.isascii()
    assert len(line) < 100
    assert "\n" not in line


@given(st.text(), st.text(max_size=80).map(ascii_of), st.text(max_size=40).map(ascii_of))
def test_a_text_message_is_one_message(middle: str, start: str, end: str) -> None:
    """140 characters of ASCII, the middle cut."""
    text = text_message(start, middle, end)
    assert len(text.encode("ascii")) <= 140
    assert text.startswith(start)
    assert text.endswith(end)


@pytest.mark.parametrize(
    ("text", "expected"), [("a", "a"), ("č", "?"), ("a\tb\u2003c", "a b c"), ("\x07", "?")]
)
def test_a_text_is_printable_ascii(text: str, expected: str) -> None:
    """One character for one."""
    assert ascii_of(text) == expected
