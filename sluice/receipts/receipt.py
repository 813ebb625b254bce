"""The receipt of a run, ``_sluice.json``: what it worked on, with which code, and what it published.

One JSON object. Its files come last, a line each, in the order of their names, so that it is written and read
without holding more than a part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sluice.errors import MalformedMessageError

VERSION = 1


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file of a run: its name in the folder, its size in bytes, the SHA-256 of its content in hexadecimal,
    and S3's ETag, by which a later reader gets this very content or none.
    """

    name: str
    size: int
    sha256: str
    etag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a receipt says. ``version`` counts how often the run was resumed until it succeeded: together with
    the run it says which results these are.

    ``facts`` is all that it says besides its files.
    """

    run: str
    pipeline: str
    version: int
    files: tuple[PublishedFile, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


def encoded(facts: Mapping[str, Any], files: Iterable[PublishedFile]) -> Iterator[str]:
    """Yield the text of a receipt, a part for each file; ``facts`` are its other members."""
    head = json.dumps(facts, ensure_ascii=False, indent=1)
    yield head.removesuffix("\n}") + ',\n "files": ['
    count = size = 0
    for file in files:
        line = json.dumps(asdict(file), ensure_ascii=False, separators=(", ", ": "))
        yield f"{',' if count else ''}\n  {line}"
        count, size = count + 1, size + file.size
    yield f'\n ],\n "count": {count},\n "bytes": {size}\n}}\n'


def parse_receipt(text: str | bytes, where: str) -> Receipt:
    """Return the receipt that a text holds; ``where`` names it in errors.

    Raises MalformedMessageError for what is none, and for one of a newer version of Sluice.
    """
    try:
        document = json.loads(text)
        form = document["receipt"]
        if form > VERSION:
            raise MalformedMessageError(
                f"Expected a receipt of the form {VERSION} or older in {where}, found {form}. Use the version"
                " of Sluice that wrote it, or a newer one."
            )
        files = tuple(PublishedFile(**{name: file[name] for name in _FIELDS}) for file in document["files"])
        facts = {name: value for name, value in document.items() if name != "files"}
        return Receipt(
            run=str(document["run"]),
            pipeline=str(document["pipeline"]),
            version=int(document["version"]),
            files=files,
            facts=facts,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedMessageError(
            f"Expected a receipt of Sluice in {where}, found {str(text[:100])!r}: {error}."
        ) from error


_FIELDS = ("name", "size", "sha256", "etag")
