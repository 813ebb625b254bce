"""A line of a Lambda's log says what it was given, with nothing hidden in it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

from lambdas.log_lines import new_logger
from local.paths import REPOSITORY
from tests.cli.test_hostile_text import HOSTILE, assert_harmless


def test_a_line_shows_what_is_hidden() -> None:
    """The same text for a program that reads it; what JSON has no form for is text."""
    written, at = io.StringIO(), datetime(2026, 1, 1, tzinfo=UTC)
    logger = new_logger()
    logger.handlers[0].setStream(written)  # type: ignore[attr-defined]
    logger.warning("A set is reported: %s", HOSTILE, key=HOSTILE, at=at)
    line = written.getvalue()
    assert_harmless(line.removesuffix("\n"))
    found = json.loads(line)
    assert found["key"] == HOSTILE
    assert found["message"].endswith(HOSTILE)
    assert found["at"] == str(at)


def test_every_function_has_this_logger() -> None:
    """Also those that come later."""
    files = list((REPOSITORY / "lambdas").rglob("*.py"))
    assert len(files) > 20
    assert [one.name for one in files if "Logger(" in one.read_text()] == ["log_lines.py"]
