"""Patterns of keys: what they match, what they fill in, and what is wrong with others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.triggers.file_patterns import Matched, PatternError, Unmatched, _values_in, parse_pattern

HOURS = "sales/{date}/{hour:02}.csv"


def test_a_pattern_says_what_stands_for_what() -> None:
    """Names from left to right; what is in front of the first and behind the last is fixed."""
    pattern = parse_pattern(HOURS)
    assert pattern.match("sales/2026-11-28/05.csv") == Matched({"date": "2026-11-28", "hour": "05"})
    assert (pattern.names, pattern.prefix, pattern.suffix) == (("date", "hour"), "sales/", ".csv")
    assert pattern.folder == "sales/{date}/"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("sales/2026-02-30/05.csv", "'2026-02-30' is no date"),
        ("sales/2026-11-28/24.csv", "'24' is no hour"),
        ("sales/2026-11-28/5.csv", f"it is no {HOURS}"),
        ("sales/2026-11-28/005.csv", f"it is no {HOURS}"),
        ("sales/2026-11-28/a/05.csv", f"it is no {HOURS}"),
        ("sales/2026-11-28/\u0660\u0665.csv", f"it is no {HOURS}"),
        ("sales/2026-11-28/05.csv\n", f"it is no {HOURS}"),
    ],
)
def test_a_key_that_does_not_fit_says_why(key: str, reason: str) -> None:
    """Also one that looks right and is no date."""
    assert parse_pattern(HOURS).match(key) == Unmatched(reason)


def test_a_number_without_digits_is_written_without_zeros() -> None:
    """5 and 05 would be two files of the same hour."""
    pattern = parse_pattern("a/{hour}.csv")
    assert isinstance(pattern.match("a/5.csv"), Matched)
    assert isinstance(pattern.match("a/05.csv"), Unmatched)
    assert isinstance(parse_pattern("a/{region}.csv").match("a/05.csv"), Matched)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/{date}{hour}.csv", "a text between two placeholders"),
        ("a/{date}/{date}.csv", "each placeholder once"),
        ("a/{}.csv", "the name of a placeholder"),
        ("a/{Hour}.csv", "the name of a placeholder"),
        ("a/{hour:2}.csv", "a number of digits"),
        ("a/{hour:00}.csv", "a number of digits"),
        ("a/{date:02}.csv", "a number of digits"),
        ("a/{hour.csv", "letters, digits"),
        ("a/*.csv", "letters, digits"),
        ("a/{hour!r}.csv", "the name of a placeholder"),
    ],
)
def test_what_is_no_pattern_says_what_to_write(text: str, expected: str) -> None:
    """Each mistake has its own words."""
    with pytest.raises(PatternError) as caught:
        parse_pattern(text)
    assert caught.value.expected.startswith(expected)
    assert caught.value.fix


@given(st.dates(), st.integers(0, 23), st.text("abcxyz-_.", min_size=1))
def test_what_is_filled_in_is_matched(day: object, hour: int, name: str) -> None:
    """A key that a pattern makes has the values that it was made of."""
    pattern = parse_pattern("in/{date}/{hour:02}/{name}.csv")
    values = {"date": str(day), "hour": f"{hour:02}", "name": name}
    assert pattern.match(pattern.fill(values)) == Matched(values)


def test_how_many_values_a_placeholder_can_have() -> None:
    """24 hours, 100 numbers of two digits, any number of names."""
    hour, number, name = parse_pattern("a/{hour:02}/{shard:02}/{name}").placeholders
    assert (hour.max_values, number.max_values, name.max_values) == (24, 100, None)
    assert hour.values is not None
    assert hour.values[:2] == ("00", "01")
    assert parse_pattern("a/{month:01}").placeholders[0].max_values == 9


PARTS = ("{a}", "{b}", "{c}", "{hour}", "{day:02}", "{n:01}", "{date}", "{year}")
LITERALS = ("-", "/", "--", "-/", "1", ".csv", "a-")


@given(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=5, unique=True),
    st.lists(st.sampled_from(LITERALS), min_size=6, max_size=6),
    st.booleans(),
    st.data(),
)
@settings(max_examples=300)
def test_a_key_is_cut_as_a_regular_expression_cuts_it(
    names: list[str], literals: list[str], ends: bool, data: st.DataObject
) -> None:
    """Each placeholder is as long as the rest allows, from left to right."""
    inner = "".join(name + literal for name, literal in zip(names[:-1], literals, strict=False)) + names[-1]
    pattern = parse_pattern(literals[-1] + inner + ("-" if ends else ""))
    near = {name: data.draw(st.text("-/01a.\n", max_size=3)) for name in pattern.names}
    key = data.draw(st.one_of(st.text("-/01a.csv\n", max_size=12), st.just(pattern.fill(near))))
    expression = "".join(
        re.escape(one) if isinstance(one, str) else f"(?P<{one.name}>{one.expression})"
        for one in pattern.parts
    )
    expected = re.compile(expression, re.ASCII).fullmatch(key)
    assert _values_in(pattern, key) == (expected.groupdict() if expected else None)


@pytest.mark.parametrize("key", ["sales/" + "-" * 1000, "sales/" + "-" * 1000 + "/.csv", "-/" * 500])
def test_no_key_keeps_a_pattern_busy(key: str) -> None:
    """However many ways there were to cut it: a regular expression would try 10^15 of them."""
    pattern = parse_pattern("sales/{a}-{b}-{c}-{d}-{e}-{f}.csv")
    assert isinstance(pattern.match(key), Unmatched)
    found = pattern.match("sales/" + "-" * 1000 + ".csv")
    assert isinstance(found, Matched)
    assert found.values["a"] == "-" * 990
