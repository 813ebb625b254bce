"""Hidden characters are shown, and nothing else is changed."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.visible import has_hidden, visible, visible_json

BIDIRECTIONAL = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]52;c;aGk=\x07b", r"a\x1b]52;c;aGk=\x07b"),
        ("a\nRun:  b", r"a\nRun:  b"),
        ("a\r\tb", r"a\r\tb"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("a\u2028b\u2029\u2066\u200f\u061c", r"a\u2028b\u2029\u2066\u200f\u061c"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("naïve ž 日本 👩‍👩‍👧 می‌خواهم", "naïve ž 日本 👩‍👩‍👧 می‌خواهم"),
    ],
)
def test_what_a_terminal_obeys_or_a_reader_misses_is_written_out(text: str, shown: str) -> None:
    """Letters of every script stay, and so do the joiners that they need."""
    assert visible(text) == shown
    assert has_hidden(text) == (text != shown)


@given(st.text(st.characters()))
def test_nothing_that_is_shown_is_a_control_or_reorders_text(text: str) -> None:
    """Of all characters that there are; and it fits into UTF-8."""
    for character in visible(text):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in BIDIRECTIONAL
    assert visible(visible(text)) == visible(text)
    visible(text).encode()


def test_characters_can_be_kept() -> None:
    """A tab in a line of a log, for one."""
    assert visible("a\tb\n", keep="\t") == "a\tb" + r"\n"


@given(
    st.recursive(st.text(st.characters()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_json_says_the_same(document: object) -> None:
    """Whatever its strings hold, and however it is laid out."""
    for indent in (None, 2):
        shown = visible_json(json.dumps(document, ensure_ascii=False, indent=indent))
        assert json.loads(shown) == document
        assert visible(shown, keep="\n") == shown
