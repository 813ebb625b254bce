"""Reads the event of a function URL:
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads (version 2.0).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from lambdas.webhook.refusal import Refusal
from sluice.triggers.trigger_event import MAX_INPUT_BYTES

MAX_BODY_BYTES = MAX_INPUT_BYTES
MAX_LEVELS = 100
"""Nested arrays and objects: later readers of the input are recursive."""
_TOO_LARGE = (
    f"Expected a body of at most {MAX_BODY_BYTES} bytes, also when written as ASCII, found more. Store it"
    " and send where it is."
)


@dataclass(frozen=True, slots=True)
class Request:
    """A POST request; the names of its headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes


def request_of(event: Mapping[str, Any]) -> Request:
    """Return the request of an event; raises Refusal for another method (405) and for a body that is too
    large (413).
    """
    method = event.get("requestContext", {}).get("http", {}).get("method", "")
    if method != "POST":
        raise Refusal(405, f"Expected POST, found {str(method)[:20]}.")
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    return Request(headers, _body(str(event.get("body") or ""), encoded=bool(event.get("isBase64Encoded"))))


def _body(text: str, *, encoded: bool) -> bytes:
    # Four characters of base64 are three bytes: a body that is too large is refused before it is decoded.
    if len(text) > (4 * MAX_BODY_BYTES // 3 + 4 if encoded else MAX_BODY_BYTES):
        raise Refusal(413, _TOO_LARGE)
    try:
        body = base64.b64decode(text, validate=True) if encoded else text.encode()
    except (binascii.Error, ValueError) as error:
        raise Refusal(
            400, "Expected a body in the encoding that the request names, found another."
        ) from error
    if len(body) > MAX_BODY_BYTES:
        raise Refusal(413, _TOO_LARGE)
    return body


def json_of(body: bytes) -> Any:
    """Return the JSON of a body; raises Refusal for invalid JSON (400) and for one that is too large for the
    ledger (413).
    """
    try:
        value = json.loads(body.decode(), parse_constant=_no_constant)
        # A number such as 1e999 is read as infinity, which JSON does not have.
        written = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise Refusal(
            400,
            "Expected JSON in UTF-8, found something else. At GitHub choose the content type"
            " application/json.",
        ) from error
    if _levels(value) > MAX_LEVELS:
        raise _too_deep()
    if len(written) > MAX_INPUT_BYTES:
        raise Refusal(413, _TOO_LARGE)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _too_deep() -> Refusal:
    return Refusal(400, f"Expected at most {MAX_LEVELS} arrays and objects in each other, found more.")


def _levels(value: Any) -> int:
    count, level = 0, [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        count += 1
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]
    return count
