"""The keys of files that come with requests."""

from __future__ import annotations

import pytest

from sluice.triggers.inbox import request_key, requests_prefix


@pytest.mark.parametrize("token", ["t", "a/b", "..", "ž ?", "a.b"])
def test_a_token_is_one_part_of_the_key(token: str) -> None:
    """Whatever characters it has; a part of dots would be lost in some clients."""
    key = request_key("words", token, "in.txt")
    part = key.removeprefix(requests_prefix("words")).removesuffix("/in.txt")
    assert part
    assert "/" not in part
    assert "." not in part
