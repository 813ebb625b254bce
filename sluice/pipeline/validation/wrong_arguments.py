"""What is meant where a class of a pipeline file is called with arguments that it does not take.

Python raises a TypeError while the file is imported, before anything can be checked: it says neither what the
class takes, nor that another one has a field of that name.
"""

from __future__ import annotations

import inspect
import re
from difflib import get_close_matches
from functools import cache
from typing import Any

from sluice.errors import Mistake

_UNKNOWN = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")
_MISSING = re.compile(r"(\w+)\.__init__\(\) missing \d+ required [\w-]+ arguments?: (.+)")
_POSITIONAL = re.compile(
    r"(\w+)\.__init__\(\) takes .* positional arguments? but (\d+) (?:were|was|positional)"
)
_MOST_LISTED = 14
_OTHERWISE = {
    ("FileSet", "reconcile"): "Write late= for sets of which files are missing, such as late='6h'.",
    ("FileSet", "group_within"): "A set is a group of its own: drop it.",
    (
        "FileSet",
        "prefix",
    ): "Write the prefix as the beginning of the pattern: FileSet('sales/{day}/{part}.csv', …).",
    (
        "FileSet",
        "suffix",
    ): "Write the suffix as the end of the pattern: FileSet('sales/{day}/{part}.csv', …).",
    ("FileSet", "bucket"): "Sets are of the inbox: have the files copied there, or take S3Upload(bucket=…).",
}
"""What to do where the field of another class has a counterpart, or cannot have one."""


def wrong_argument(error: Exception) -> Mistake | None:
    """Return what is wrong with a call of a class of pipeline files; None for any other error."""
    text = str(error)
    if not isinstance(error, TypeError):
        return None
    if found := _UNKNOWN.match(text):
        return _unknown(found[1], found[2]) if found[1] in _fields() else None
    if found := _MISSING.match(text):
        return _missing(found[1], re.findall(r"'(\w+)'", found[2])) if found[1] in _fields() else None
    if found := _POSITIONAL.match(text):
        return _positional(found[1], int(found[2]) - 1) if found[1] in _fields() else None
    return None


def _unknown(kind: str, field: str) -> Mistake:
    return Mistake(f"{kind}.{field}", f"a field of {kind}{_listed(kind)}", f"{field}=", _fix(kind, field))


def _fix(kind: str, field: str) -> str:
    if (kind, field) in _OTHERWISE:
        return _OTHERWISE[kind, field]
    if close := get_close_matches(field, _fields()[kind], n=1):
        return f"Write {close[0]}=."
    owners = [name for name, fields in _fields().items() if field in fields]
    return f"It is a field of {' and '.join(owners)}: drop it here." if owners else "Drop it."


def _missing(kind: str, fields: list[str]) -> Mistake:
    given = ", ".join(f"{one}=…" for one in fields)
    return Mistake(kind, " and ".join(f"{one}=" for one in fields), "none", f"Write {kind}({given}).")


def _positional(kind: str, number: int) -> Mistake:
    last = (_fields()[kind])[min(number, len(_fields()[kind])) - 1]
    values = f"{number} value{'s' * (number != 1)} in order"
    return Mistake(kind, f"fields with their names{_listed(kind)}", values, f"Write {last}=….")


def _listed(kind: str) -> str:
    fields = _fields()[kind]
    return f" ({', '.join(fields)})" if len(fields) <= _MOST_LISTED else ""


@cache
def _fields() -> dict[str, list[str]]:
    """Return the fields of the classes that pipeline files call, by the names of these."""
    import sluice

    kinds: dict[str, Any] = {name: getattr(sluice, name) for name in sluice.__all__}
    return {
        name: [one for one in inspect.signature(kind).parameters if one not in ("args", "kwargs")]
        for name, kind in kinds.items()
        if inspect.isclass(kind)
    }
