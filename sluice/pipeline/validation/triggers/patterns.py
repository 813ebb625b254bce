"""Refuses the patterns of a webhook's schema on which a body could keep the Lambda busy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sluice.errors import Mistake
from sluice.pipeline.validation.triggers.pattern_cost import ENDLESS, power_of

_STEPS = 5_000_000
"""What ``re`` tries in about a second of a webhook's Lambda."""
_FORMATS_OF_COUNTED_PARTS = ("ipv6",)
"""Its pattern is long, but all its repetitions are counted."""
# What stands below these is data and no schema.
_DATA = ("enum", "const", "default", "examples")


def check_patterns(where: str, schema: Any) -> Iterator[Mistake]:
    """Yield the patterns and formats, anywhere in a schema, that a body may keep busy."""
    if isinstance(schema, list):
        for number, child in enumerate(schema):
            yield from check_patterns(f"{where}[{number}]", child)
    if not isinstance(schema, dict):
        return
    for name, pattern in _patterns(schema):
        yield from _slow(f"{where}.{name}", pattern, schema.get("maxLength"))
    for pattern in schema.get("patternProperties") or ():
        yield from _slow(f"{where}.patternProperties", pattern, None)
    for name, child in schema.items():
        if name not in _DATA:
            yield from check_patterns(f"{where}.{name}", child)


def _patterns(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the patterns by which a schema checks a text: its own, and that of its format."""
    from fastjsonschema.draft07 import CodeGeneratorDraft07

    if isinstance(schema.get("pattern"), str):
        yield "pattern", schema["pattern"]
    name = schema.get("format")
    if isinstance(name, str) and name not in _FORMATS_OF_COUNTED_PARTS:
        yield from (("format", found) for found in [CodeGeneratorDraft07.FORMAT_REGEXS.get(name)] if found)


def _slow(where: str, pattern: str, longest: Any) -> Iterator[Mistake]:
    try:
        power = power_of(pattern)
    except (re.error, OverflowError):
        return  # reported when the schema is compiled
    found = f"the pattern {pattern[:100]!r}"
    if power >= ENDLESS:
        yield Mistake(
            where,
            "a pattern that reads a text in one way",
            (
                f"{found}, which may try for ever: a repetition inside a repetition, or alternatives in one,"
                " read the same text in several ways"
            ),
            (
                "Write each repetition so that what it reads ends where the next one begins, without"
                " references to groups, or check this in a step."
            ),
        )
        return
    most = int(_STEPS ** (1 / power))
    if power > 1 and not (type(longest) is int and longest <= most):
        yield Mistake(
            where,
            f"a pattern that takes time in step with its text, or maxLength of at most {most} beside it",
            f"{found}, which takes the length to the power of {power}",
            "Begin it with ^, let no two repetitions read the same characters, or add the maxLength.",
        )
