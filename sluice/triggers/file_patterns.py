"""Patterns of keys with placeholders, such as ``sales/{date}/{hour:02}.csv``: read, matched, filled in. Pure.

``{date}`` is a date of ISO 8601, ``{year}`` has four digits; ``{month}``, ``{day}``, ``{hour}``,
``{minute}`` and ``{second}`` are numbers of their range. Any other name stands for a text without a slash.
``{name:03}`` is a number of exactly three digits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

_RANGES = {"month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 59)}
_YEAR, _DATE = "year", "date"
_MAX_DIGITS = 9
_PLACEHOLDER = re.compile(r"\{(?P<name>[^{}:]*)(:(?P<format>[^{}]*))?\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_FORMAT = re.compile(r"0([1-9])", re.ASCII)
LITERAL = re.compile(r"[A-Za-z0-9!_.'()/&=;:+, -]*", re.ASCII)
"""What stands in the pattern of a set as it is; a trigger by prefix and suffix takes more."""


class PatternError(ValueError):
    """A pattern that is none: what was expected, what was found, and what to do."""

    def __init__(self, expected: str, found: str, fix: str) -> None:
        super().__init__(f"expected {expected}, found {found}. {fix}")
        self.expected, self.found, self.fix = expected, found, fix


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A part of a key that differs; ``digits`` is how many digits it has, None where that is open."""

    name: str
    digits: int | None = None

    @property
    def expression(self) -> str:
        """Return the regular expression of its texts."""
        if self.digits is not None:
            return rf"[0-9]{{{self.digits}}}"
        if self.name == _DATE:
            return r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
        if self.name == _YEAR:
            return r"[0-9]{4}"
        return r"[^/]+" if self.is_open else r"(?:0|[1-9][0-9]{0,3})"

    @property
    def is_open(self) -> bool:
        """Return whether it stands for any text without a slash."""
        return self.digits is None and self.name not in (*_RANGES, _DATE, _YEAR)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return how long its texts may be, where it is not open."""
        if self.digits is not None:
            return (self.digits,)
        return {_DATE: (10,), _YEAR: (4,)}.get(self.name, (1, 2, 3, 4))

    def parses(self, text: str) -> bool:
        """Return whether a text that fits the expression is a value: a date that there is, an hour of a
        day.
        """
        if self.name == _DATE and self.digits is None:
            return _is_date(text)
        low, high = _RANGES.get(self.name, (0, 10**_MAX_DIGITS))
        return not text.isdecimal() or self.name not in _RANGES or low <= int(text) <= high

    @property
    def values(self) -> tuple[str, ...] | None:
        """Return all values that it may have, None where they are not known."""
        if self.name in _RANGES:
            low, high = _RANGES[self.name]
            texts = (str(number).zfill(self.digits or 0) for number in range(low, high + 1))
            return tuple(text for text in texts if self.digits in (None, len(text)))
        if self.digits is not None and self.digits <= 4:
            return tuple(str(number).zfill(self.digits) for number in range(10**self.digits))
        return None

    @property
    def max_values(self) -> int | None:
        """Return how many values it can have, None for any number."""
        if self.name not in _RANGES and self.digits is not None:
            return int(10**self.digits)
        return len(self.values) if self.values is not None else None


@dataclass(frozen=True, slots=True)
class Matched:
    """What the placeholders stand for in a key."""

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why a key does not fit a pattern."""

    reason: str


@dataclass(frozen=True, slots=True)
class FilePattern:
    """A pattern: literal texts and placeholders in turn."""

    text: str
    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """Return its placeholders, from left to right."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its placeholders, from left to right."""
        return tuple(one.name for one in self.placeholders)

    @property
    def prefix(self) -> str:
        """Return what every key begins with."""
        first = self.parts[0] if self.parts else ""
        return first if isinstance(first, str) else ""

    @property
    def suffix(self) -> str:
        """Return what every key ends with; of a pattern without placeholders nothing more than its prefix."""
        last = self.parts[-1] if self.parts else ""
        return last if isinstance(last, str) and len(self.parts) > 1 else ""

    @property
    def folder(self) -> str:
        """Return the text of the pattern up to its last slash."""
        return self.text[: self.text.rfind("/") + 1]

    def match(self, key: str) -> Matched | Unmatched:
        """Return what the placeholders stand for in a key, or why it does not fit."""
        values = _values_in(self, key)
        if values is None:
            return Unmatched(f"it is no {self.text}")
        for one in self.placeholders:
            if not one.parses(values[one.name]):
                return Unmatched(f"{values[one.name]!r} is no {one.name}")
        return Matched(values)

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the key of these values; a placeholder without one stays as it is written."""
        return "".join(
            part if isinstance(part, str) else values.get(part.name, f"{{{part.name}}}")
            for part in self.parts
        )


@cache
def parse_pattern(text: str) -> FilePattern:
    """Return the pattern that a text writes; raises PatternError."""
    parts: list[str | Placeholder] = []
    at = 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [_literal(text[at : found.start()], text)] if found.start() > at else []
        if parts and isinstance(parts[-1], Placeholder):
            raise PatternError(
                "a text between two placeholders",
                f"{text!r}, in which {{{parts[-1].name}}} stands beside {found[0]}",
                "Put a / or a - between them: it would not be known where the first one ends.",
            )
        parts.append(_placeholder(found, text))
        at = found.end()
    parts += [_literal(text[at:], text)] if at < len(text) else []
    pattern = FilePattern(text, tuple(parts))
    twice = {name for name in pattern.names if pattern.names.count(name) > 1}
    if twice:
        fix = "Name each once: a key whose two values differ would belong to no set."
        raise PatternError("each placeholder once", f"{', '.join(sorted(twice))} twice in {text!r}", fix)
    return pattern


def _literal(literal: str, text: str) -> str:
    if LITERAL.fullmatch(literal) is None:
        raise PatternError(
            "letters, digits, spaces and !_.'()/&=;:+,- around placeholders in {braces}",
            repr(text),
            "Write {name} for what differs; the pattern of a set has no other characters.",
        )
    return literal


def _placeholder(found: re.Match[str], text: str) -> Placeholder:
    name, form = found["name"], found["format"]
    if _NAME.fullmatch(name) is None:
        fix = "Use small letters, digits and _, such as {region}."
        raise PatternError("the name of a placeholder", f"{found[0]} in {text!r}", fix)
    if form is None:
        return Placeholder(name)
    digits = _FORMAT.fullmatch(form)
    if digits is None or name == _DATE:
        fix = "Write {hour:02} for a number of two digits; a {date} is always YYYY-MM-DD."
        raise PatternError("a number of digits from 01 to 09", f"{found[0]} in {text!r}", fix)
    return Placeholder(name, int(digits[1]))


def _values_in(pattern: FilePattern, key: str) -> dict[str, str] | None:
    """Return what the placeholders stand for, each as long as the rest allows; None where a key does not fit.

    A regular expression would say the same, but tries every way to cut a key such as ``-----``: anybody
    who may upload could keep the function busy. This reads a key once for each part, from its end.
    """
    ends: list[dict[int, int]] = []
    follows: Collection[int] = (len(key),)
    for part in reversed(pattern.parts):
        ends.append(_ends_of(part, key, follows))
        follows = ends[-1].keys()
    values, at = {}, 0
    for part, of_part in zip(pattern.parts, reversed(ends), strict=True):
        if at not in of_part:
            return None
        if isinstance(part, Placeholder):
            values[part.name] = key[at : of_part[at]]
        at = of_part[at]
    return values


def _ends_of(part: str | Placeholder, key: str, follows: Collection[int]) -> dict[int, int]:
    """Return where a part may begin in a key, each with where it ends then at the latest: where the rest
    ``follows``.
    """
    if isinstance(part, str):
        return {end - len(part): end for end in follows if key.endswith(part, 0, end)}
    return _ends_of_text(key, follows) if part.is_open else _ends_of_number(part, key, follows)


def _ends_of_number(part: Placeholder, key: str, follows: Collection[int]) -> dict[int, int]:
    """Return the same for a number or a date, whose texts have few lengths."""
    fits = _expression(part).fullmatch
    found: dict[int, int] = {}
    for end in sorted(follows):
        begins_at = (end - length for length in part.lengths if length <= end)
        found |= {at: end for at in begins_at if fits(key, at, end)}
    return found


def _ends_of_text(key: str, follows: Collection[int]) -> dict[int, int]:
    """Return the same for a text of any length, at least one, without a slash."""
    found: dict[int, int] = {}
    latest: int | None = None
    for at in range(max(follows, default=0) - 1, -1, -1):
        if key[at] == "/":
            latest = None
        elif latest is None and at + 1 in follows:
            latest = at + 1
        if latest is not None:
            found[at] = latest
    return found


@cache
def _expression(placeholder: Placeholder) -> re.Pattern[str]:
    return re.compile(placeholder.expression, re.ASCII)


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False
