"""Which failures are of one kind: reasons that differ in names, numbers and ids alone. Pure."""

from __future__ import annotations

import re
from hashlib import sha256

_CHARACTERS, _WORDS, _SHORTEST_NAME = 600, 12, 3
# What one cause words differently each time: addresses, quoted texts, paths, and words with a digit in them,
# such as numbers, times and ids. The number of an exit code is a cause of its own, and so is a permission,
# such as s3:GetObject.
_VARYING = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b[A-Za-z][A-Za-z0-9+.-]*://\S+",
        r"\barn:\S+",
        r"'[^']*'|\"[^\"]*\"|`[^`]*`|«[^»]*»",
        r"\S*/\S*",
        r"(?<!exit code )(?<![\w.:+-])(?![a-z0-9-]+:[A-Z])[\w.:+-]*\d[\w.:+-]*",
    )
)


def kind_of(reason: str, *names: str) -> str:
    """Return what is left of a reason without what varies; ``names`` are those of the run and its input."""
    text = reason[:_CHARACTERS]
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:
            text = text.replace(name, "*")
    for pattern in _VARYING:
        text = pattern.sub("*", text)
    return " ".join(text.casefold().split()[:_WORDS])


def digest_of(kind: str) -> str:
    """Return a short name of a kind, for a key."""
    return sha256(kind.encode("utf-8", "replace")).hexdigest()[:16]
