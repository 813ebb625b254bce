"""Answers that come in pages."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from local.batch.api.errors import client_error

if TYPE_CHECKING:
    from collections.abc import Iterable

_T = TypeVar("_T")


def page(items: Iterable[_T], token: str | None, size: int) -> tuple[list[_T], str | None]:
    """The items from where `token` points, at most `size`, and the token of the next page or None."""
    start = offset_of(token)
    found = list(islice(items, start, start + size + 1))
    if len(found) <= size:
        return found, None
    return found[:size], token_of(start + size)


def token_of(offset: int) -> str:
    """A token that points at an offset."""
    return urlsafe_b64encode(b"from:%d" % offset).decode()


def offset_of(token: str | None) -> int:
    """Where a token points; ClientException for one that no answer gave out."""
    if token is None:
        return 0
    try:
        return int(urlsafe_b64decode(token).removeprefix(b"from:"))
    except ValueError:
        raise client_error(
            f"nextToken {token!r} is not valid: pass the one of the previous answer."
        ) from None
