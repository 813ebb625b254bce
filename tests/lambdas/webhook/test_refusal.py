"""The answers to callers."""

from __future__ import annotations

import json

import pytest

from lambdas.webhook.refusal import Refusal, answer


@pytest.mark.parametrize(
    ("status", "headers"), [(405, {"allow": "POST"}), (503, {"retry-after": "5"}), (400, {})]
)
def test_a_refusal_is_an_answer_with_its_status_and_reason(status: int, headers: dict[str, str]) -> None:
    """And with the header that its status asks for."""
    found = Refusal(status, "Expected POST.", run="r").answer()
    assert found["statusCode"] == status
    assert json.loads(found["body"]) == {"error": "Expected POST.", "run": "r"}
    assert headers.items() <= found["headers"].items()


def test_no_cache_keeps_an_answer() -> None:
    """It belongs to one request."""
    assert answer(202, {})["headers"]["cache-control"] == "no-store"
