"""Answers that come in pages."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from local.batch.api.errors import client_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_T = TypeVar("_T")

_FROM = re.compile(rb"from:([0-9]{1,18})")


def page(items: Iterable[_T], params: Mapping[str, Any]) -> tuple[list[_T], str | None]:
    """The items from where the request's nextToken points, as many as it asks for, and the token of the next
    page or None.
    """
    start, size = offset_of(params), page_size(params)
    found = list(islice(items, start, start + size + 1))
    if len(found) <= size:
        return found, None
    return found[:size], token_of(start + size)


def page_after(
    items: Iterable[_T], place_of: Callable[[_T], int], params: Mapping[str, Any], most: int = 100
) -> tuple[list[_T], str | None]:
    """A page of items that are in the order of their places, which never change.

    The token is the place of the last item, so that one that comes or goes meanwhile moves no other: nothing
    is repeated and nothing is missed.
    """
    after, size = _place(params), page_size(params, most, clamped=True)
    rest = (each for each in items if after is None or place_of(each) > after)
    found = list(islice(rest, size + 1))
    if len(found) <= size:
        return found, None
    return found[:size], token_of(place_of(found[size - 1]))


def _place(params: Mapping[str, Any]) -> int | None:
    return None if params.get("nextToken") is None else offset_of(params)


def page_size(params: Mapping[str, Any], most: int = 100, *, clamped: bool = False) -> int:
    """How many results a page has: "This value can be between 1 and 100".

    https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobQueues.html. Where it is `clamped`,
    more may be asked for than is answered.
    """
    size: int = params.get("maxResults", most)
    if clamped:
        size = min(size, most)
    if not 1 <= size <= most:
        raise client_error(f"maxResults must be between 1 and {most}, but is {size}.")
    return size


def check_asked(params: Mapping[str, Any], field: str, most: int = 100) -> None:
    """At most 100 names or ARNs in one request.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobQueues.html
    """
    asked = params.get(field, [])
    if len(asked) > most:
        raise client_error(f"{field} has {len(asked)} entries; at most {most} are allowed.")


def token_of(offset: int) -> str:
    """A token that points at an offset."""
    return urlsafe_b64encode(b"from:%d" % offset).decode()


def offset_of(params: Mapping[str, Any]) -> int:
    """Where the request's nextToken points, 0 without one; ClientException for one that no answer gave
    out.
    """
    token = params.get("nextToken")
    if token is None:
        return 0
    with suppress(ValueError):
        found = _FROM.fullmatch(urlsafe_b64decode(token))
        if found:
            return int(found[1])
    raise client_error(f"nextToken {token!r} is not valid: pass the one of the previous answer.")
