"""The lines of a pipeline's file that its mistakes are about."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

from sluice.errors import Mistake, PipelineError

_FIELD = re.compile(r"(?:steps|limits)\['(?P<name>[^']+)'\]|(?P<field>\w+)")


def with_lines(error: PipelineError, path: Path) -> PipelineError:
    """Return the mistakes of a file with its name, and with the line that each is about where it can be
    told: where an error was raised, or what is named in the file.
    """
    raised = _raised_line(error.__cause__, path)
    lines = {} if raised else _lines(path)
    found = tuple(
        Mistake(
            f"{error.source}{f':{raised}' if raised else _line(one.where, lines)}: {one.where}",
            one.expected,
            one.found,
            one.fix,
        )
        for one in error.mistakes
    )
    return PipelineError(error.source, found)


def raised_at(error: Exception, path: Path) -> str:
    """Return in which line of a file an error was raised, as the end of a sentence."""
    line = _raised_line(error, path)
    return f" (line {line})" if line else ""


def _raised_line(error: BaseException | None, path: Path) -> int | None:
    """Return the line of a file in which an error was raised, None where it was raised elsewhere."""
    frames = traceback.extract_tb(error.__traceback__) if error is not None else []
    lines = [frame.lineno for frame in frames if Path(frame.filename) == path]
    return lines[-1] if lines else None


def _line(where: str, lines: dict[str, int]) -> str:
    found = _FIELD.match(where)
    line = lines.get(found["name"] or found["field"]) if found else None
    return f":{line}" if line else ""


def _lines(path: Path) -> dict[str, int]:
    """Return the lines of what is called with a name or as a field, the first of each; a file that Python
    cannot read has none.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return {}
    lines: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for name, line in _named(node):
                lines.setdefault(name, line)
    return lines


def _named(call: ast.Call) -> Iterator[tuple[str, int]]:
    if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
        yield call.args[0].value, call.lineno
    for keyword in call.keywords:
        value = keyword.value
        if keyword.arg == "name" and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value, call.lineno
        if keyword.arg:
            yield keyword.arg, value.lineno
