"""Bodies are checked against the schema of the pipeline."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lambdas.webhook.hooks import Hook


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", "body"),
        (b"{}", "body"),
        (b'{"a": [1, "x"]}', "body.a[1]"),
        (b'{"a": [], "b": 1}', "body"),
        (b'{"a": [1' + b"0" * 400 + b"]}", "body"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_with_its_place(
    hook: Callable[..., Hook], schema: str, body: bytes, path: str
) -> None:
    """422; the last number is too large to be divided."""
    here = hook(SCHEMA=schema)
    status, document = here.send(body)
    assert (status, document["path"]) == (422, path), document
    assert here.queued() == []


def test_what_fits_the_schema_is_taken(hook: Callable[..., Hook], schema: str) -> None:
    """And is not changed."""
    here = hook(SCHEMA=schema)
    assert here.send(b'{"a": [1, 2]}')[0] == 202
    assert here.queued()[0].detail["input"] == {"a": [1, 2]}


def test_a_missing_schema_accepts_no_request(hook: Callable[..., Hook]) -> None:
    """The function does not start."""
    with pytest.raises(ModuleNotFoundError):
        hook(SCHEMA="no_such_schema")
