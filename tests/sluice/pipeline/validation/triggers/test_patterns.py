"""Patterns that a body could keep busy are refused; those that pass are fast, measured."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from fastjsonschema.draft07 import CodeGeneratorDraft07
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.pipeline.validation.triggers.pattern_cost import ENDLESS, power_of
from sluice.pipeline.validation.triggers.patterns import check_patterns

SLOW = [
    r"^(a+)+$",
    r"^(a*)*$",
    r"^(?:a|ab|b)*$",
    r"^(a|aa)+$",
    r"(x+x+)+y",
    r"^(a*b*)*$",
    r"^(\w+\s?)*$",
    r"^([a-zA-Z]+)*$",
    r"^(foo|bar|foobar)*$",
    r"^(a{1,20}){1,20}$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(a)\1",
]
SQUARE = [r"a+b", r"^a*a*$", r"^.*foo.*$", r"^[^@]+@[^@]+\.[^@]+$", r"(?i)^a*A*$", r"\S+\s*$"]
FAST = [
    r"^a+$",
    r"[0-9]+",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^[a-z]+(-[a-z]+)*$",
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    r"^(\d{1,3}\.){3}\d{1,3}$",
    r"^v[0-9]+(\.[0-9]+){0,2}$",
    r"^(?=.*\d)(?=.*[a-z]).{8,}$",
    r"^([a-z]+,)*[a-z]+$",
    r"^\s*\w+\s*$",
    r"^(?:refs/heads/)?[\w./-]{1,200}$",
    "",
]
# Reads one pattern a line, searches each in texts that make it try, and prints those that take long.
MEASURE = """
import json, re, sys, time
for line in sys.stdin:
    pattern, texts = json.loads(line)
    began = time.process_time()
    for text in texts:
        re.search(pattern, text)
    if time.process_time() - began > 1:
        print(pattern)
"""


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_without_end_is_refused(pattern: str) -> None:
    """Whatever the length of the text."""
    assert power_of(pattern) == ENDLESS
    [mistake] = check_patterns("schema", {"properties": {"a": {"pattern": pattern, "maxLength": 30}}})
    assert mistake.where == "schema.properties.a.pattern"
    assert "may try for ever" in str(mistake)


@pytest.mark.parametrize("pattern", SQUARE)
def test_a_pattern_that_grows_faster_than_its_text_needs_a_bound(pattern: str) -> None:
    """``maxLength`` is checked first, and the message says how large it may be."""
    assert power_of(pattern) == 2
    [mistake] = check_patterns("schema", {"pattern": pattern})
    assert "maxLength of at most 2236 beside it" in str(mistake)
    assert list(check_patterns("schema", {"pattern": pattern, "maxLength": 2236})) == []
    assert list(check_patterns("schema", {"pattern": pattern, "maxLength": 2237})) != []


@pytest.mark.parametrize("pattern", FAST)
def test_other_patterns_pass(pattern: str) -> None:
    """Those that people write."""
    assert list(check_patterns("schema", {"pattern": pattern})) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"items": [{"not": {"pattern": "(a+)+$"}}]},
        {"patternProperties": {"^(a|ab|b)*$": True}},
        {"patternProperties": {"a+b": True}},
        {"propertyNames": {"pattern": "a+b"}},
        {"definitions": {"a": {"format": "email"}}},
    ],
)
def test_patterns_are_found_wherever_they_stand(schema: dict[str, Any]) -> None:
    """Names of properties and formats included: that of an e-mail address takes the square of its length."""
    assert len(list(check_patterns("schema", schema))) == 1


@pytest.mark.parametrize(
    "schema",
    [
        {"const": {"pattern": "(a+)+$"}},
        {"properties": {"pattern": {"type": "string"}, "format": {"enum": ["(a+)+"]}}},
        {"format": "email", "maxLength": 254},
        {"format": "date-time"},
        {"format": "ipv6"},
        {"pattern": "("},
        True,
    ],
)
def test_what_is_no_slow_pattern_passes(schema: Any) -> None:
    """Data, names, formats that are fast; what is no pattern at all is reported elsewhere."""
    assert list(check_patterns("schema", schema)) == []


def measure(patterns: list[str], length: int) -> None:
    """Search each pattern in texts of this length that make it try: none may take long, or for ever."""
    parts = ["a", "b", "ab", "aab", "a-", "0", ":", "a:", "a.", "@a.", "~0", "A", " "]
    texts = [part * (length // len(part)) + end for part in parts for end in ("!", "é")]
    lines = "\n".join(json.dumps([pattern, texts]) for pattern in patterns)
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, input=lines, text=True, check=True, timeout=200, capture_output=True)
    assert done.stdout == ""


def patterns() -> st.SearchStrategy[str]:
    """Return patterns of few letters, in which repetitions meet."""
    leaves = st.sampled_from(["a", "b", "[ab]", ".", "[^a]", "-", r"\w"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
            st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}"])).map(
                lambda two: f"(?:{two[0]}){two[1]}"
            ),
        ),
        max_leaves=6,
    )


def test_patterns_that_pass_are_fast() -> None:
    """Random ones, those above and those of all formats, over long texts that nearly match."""
    found: set[str] = set()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(patterns(), st.sampled_from(["", "^"]), st.sampled_from(["", "$", "c$"]))
    def collect(body: str, begin: str, end: str) -> None:
        if power_of(begin + body + end) == 1:
            found.add(begin + body + end)

    collect()
    formats = [regex for name, regex in CodeGeneratorDraft07.FORMAT_REGEXS.items() if "email" not in name]
    assert len(found) > 30
    measure([*found, *FAST, *formats], 3_000)


@given(st.text("ab|()*+?[]{}1,.^$\\w", max_size=20))
def test_every_pattern_has_a_power(pattern: str) -> None:
    """Or is none."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError):
        return
    assert 1 <= power_of(pattern) <= ENDLESS
