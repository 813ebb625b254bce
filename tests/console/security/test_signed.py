"""What is signed cannot be changed, used for something else, or used later."""

from __future__ import annotations

import pytest

from console.security.signed import Signer


def test_what_was_signed_is_read_until_it_expires() -> None:
    """Then it is nothing any more."""
    now = [1000.0]
    signer = Signer(b"key", clock=lambda: now[0])
    text = signer.sign("session", {"name": "Ada"}, 60)
    assert (signer.read("session", text) or {})["name"] == "Ada"
    now[0] += 61
    assert signer.read("session", text) is None


@pytest.mark.parametrize(
    "change", ["", ".", "x", "{0}x", "x{0}", "e30.{1}", "{0}.{0}", "{0}é", "a.b.c", "=.=", "e30." * 2000]
)
def test_anything_else_is_nothing(change: str) -> None:
    """Whatever a browser sends instead."""
    signer = Signer(b"key")
    text = signer.sign("session", {"name": "Ada"}, 60)
    assert signer.read("session", change.format(text, text.partition(".")[2])) is None


def test_another_key_and_another_purpose_are_refused() -> None:
    """A CSRF mark or a sign-in under way is no session."""
    signer = Signer(b"key")
    text = signer.sign("sign-in", {"name": "Ada"}, 60)
    assert signer.read("session", text) is None
    assert Signer(b"other").read("sign-in", text) is None
