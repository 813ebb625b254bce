"""Requests: methods, headers and bodies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdas.webhook.request import MAX_BODY_BYTES, MAX_LEVELS
from tests.lambdas.conftest import SECRET, Aws
from tests.lambdas.webhook.hooks import BODY, Hook, event, now
from tests.sluice.graphs import word_count
from tests.sluice.signers import standard


def test_the_names_of_headers_may_be_written_in_any_case(hook: Callable[..., Hook]) -> None:
    """As HTTP has it."""
    here = hook()
    headers = {name.title(): value for name, value in standard(SECRET, BODY, now()).items()}
    assert here.answer(event(headers))[0] == 202


def test_a_body_comes_as_text_or_encoded(hook: Callable[..., Hook]) -> None:
    """A function URL encodes what is not text; the signature is over the bytes."""
    here, body = hook(), '{"ü": "漢"}'.encode()
    assert here.answer(event(standard(SECRET, body, now(), "a"), body))[0] == 202
    assert here.answer(event(standard(SECRET, body, now(), "b"), body, encoded=True))[0] == 202
    broken = {**event(standard(SECRET, body, now(), "c"), body, encoded=True), "body": "!not base64!"}
    assert here.answer(broken)[0] == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_only_post_is_taken(hook: Callable[..., Hook], method: str) -> None:
    """405, with the method that is."""
    found = hook().module.handler(event(standard(SECRET, BODY, now()), method=method), None)
    assert (found["statusCode"], found["headers"]["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'"' + b"a" * (MAX_BODY_BYTES - 2) + b'"', 202),
        (b'"' + b"a" * (MAX_BODY_BYTES - 1) + b'"', 413),
        (b" " * 6_000_000, 413),
        (('"' + "ü" * (MAX_BODY_BYTES // 5) + '"').encode(), 413),
    ],
    ids=["just", "one more", "six megabytes", "larger when written as ASCII"],
)
@pytest.mark.parametrize("encoded", [True, False])
def test_a_body_has_a_limit(hook: Callable[..., Hook], body: bytes, status: int, encoded: bool) -> None:
    """What the ledger can keep."""
    assert hook().answer(event(standard(SECRET, body, now()), body, encoded=encoded))[0] == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"a=1",
        b"{'a': 1}",
        b"\xff\xfe",
        '{"a": 1}'.encode("utf-16"),
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 5000,
        b"[" * 100000,
        b'{"a":' * 20000,
        b"[" * (MAX_LEVELS + 1) + b"]" * (MAX_LEVELS + 1),
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json_is_refused(hook: Callable[..., Hook], body: bytes) -> None:
    """Although it is signed: 400, and nothing in the queue."""
    here = hook()
    assert here.answer(event(standard(SECRET, body, now()), body, encoded=True))[0] == 400
    assert here.queued() == []


def test_as_many_levels_as_are_allowed_go_through(hook: Callable[..., Hook], aws: Aws) -> None:
    """All that reads the input later manages them."""
    here, body = hook(), b"[" * MAX_LEVELS + b"]" * MAX_LEVELS
    assert here.send(body)[0] == 202
    aws.upload(word_count())
    assert aws.call("trigger", here.queued()[0].to_json()) == []
