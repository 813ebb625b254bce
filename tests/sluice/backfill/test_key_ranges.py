"""A range of keys is cut where more keys may be, and its parts are what it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sluice.backfill.key_ranges import LAST, Alphabet, KeyRange
from sluice.limits import MAX_KEY_BYTES

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)


def listed(first: str, last: str, *, of: KeyRange | None = None) -> KeyRange:
    """Return a range of which a page with these keys was listed."""
    found = of or KeyRange("sales/")
    assert found.listed([first, last], {"ContinuationToken": "x"})
    return found


def ends(found: KeyRange) -> tuple[str, str | None]:
    """Return where a range begins and ends."""
    return found.after, found.last


@given(TEXTS, TEXTS, TEXTS, st.sets(st.characters(codec="utf-8"), max_size=5))
def test_the_parts_of_a_range_are_the_range(one: str, two: str, other: str, letters: set[str]) -> None:
    """Whatever was listed, a key behind it is in one of the parts."""
    first, last = sorted(["sales/" + one, "sales/" + two])
    found = listed(first, last)
    rest = found.cut(letters)
    key = "sales/" + other
    if rest is not None and key > last:
        assert found.last is not None
        assert [key <= found.last, rest.holds(key)].count(True) == 1
        assert last < found.last == rest.after == rest.start


def test_keys_that_differ_late_are_cut_behind_half_of_what_they_have_in_common() -> None:
    """Their month may be the only one, their year hardly the only one."""
    found = listed("sales/2026/01/01/0000", "sales/2026/01/01/0999")
    rest = found.cut(set())
    assert rest is not None
    assert ends(found) == ("sales/2026/01/01/0999", f"sales/2026/0{LAST}")
    assert ends(rest) == (f"sales/2026/0{LAST}", None)


def test_keys_that_differ_at_once_are_cut_in_the_middle_of_the_characters_that_were_seen() -> None:
    """Hexadecimal digits, for example."""
    alphabet = Alphabet("sales/")
    alphabet.add("sales/0123456789abcdef")
    found = listed("sales/0", "sales/3f")
    rest = found.cut(alphabet.seen)
    assert rest is not None
    assert ends(rest) == ("sales/a", None)
    again = found.cut(alphabet.seen)
    assert again is not None
    assert (ends(found), ends(again)) == (("sales/3f", "sales/7"), ("sales/7", "sales/a"))


def test_where_no_character_is_known_the_rest_is_what_begins_otherwise() -> None:
    """And where that is no cut there is none."""
    found = listed("sales/a", "sales/bb")
    rest = found.cut(set())
    assert rest is not None
    assert ends(rest) == (f"sales/b{LAST}", None)
    assert KeyRange("sales/", after=f"sales/{LAST}", last=f"sales/{LAST}a").cut(set()) is None


def test_a_cut_is_no_longer_than_a_key_may_be() -> None:
    """S3 refuses a longer one."""
    long = "sales/" + "k" * (MAX_KEY_BYTES - len("sales/"))
    found = KeyRange("sales/", after=long, last=long + LAST, varies_at=2 * MAX_KEY_BYTES)
    assert found.cut(set()) is None


def test_a_range_ends_with_its_last_key_or_the_buckets() -> None:
    """An empty page in between ends nothing."""
    found = KeyRange("sales/", last="sales/m")
    assert found.listed([], {"ContinuationToken": "x"})
    assert found.listed(["sales/a", "sales/m"], {"ContinuationToken": "x"})
    assert not found.listed(["sales/n"], {"ContinuationToken": "x"})
    assert not KeyRange("sales/").listed(["sales/a"], None)


def test_few_characters_are_remembered() -> None:
    """More make no better cuts."""
    alphabet = Alphabet("")
    for first in range(0x4E00, 0x6000, 100):
        alphabet.add("".join(map(chr, range(first, first + 100))))
    assert 256 <= len(alphabet.seen) < 400
