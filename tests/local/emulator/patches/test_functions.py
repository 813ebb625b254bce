"""What an output of a stack names where a resource has the address of a function."""

from __future__ import annotations

import pytest

from local.emulator.patches.functions import called_here

HERE = "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://abc123.lambda-url.us-east-1.on.aws/", f"{HERE}/_aws/lambda-url/abc123/"),
        ("see https://abc.lambda-url.us-east-1.on.aws/x", f"see {HERE}/_aws/lambda-url/abc/x"),
        ("https://abc123.lambda-url.us-east-1.on.aws.evil.example/", None),
        ("a bucket's name", None),
    ],
)
def test_function_urls_are_called_here(text: str, found: str | None) -> None:
    """And every other text stays."""
    assert called_here(text, HERE) == (found or text)
