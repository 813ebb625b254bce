"""Signs small documents so that whoever keeps them cannot change them: sessions, CSRF tokens, sign-ins under
way.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_CHARACTERS = 4000
"""A browser keeps cookies of 4,096 bytes: https://www.rfc-editor.org/rfc/rfc6265#section-6.1"""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with HMAC-SHA256; ``purpose`` keeps what was signed for one thing from being used as another."""

    key: bytes = field(repr=False)
    clock: Callable[[], float] = time.time

    def sign(self, purpose: str, document: Mapping[str, Any], seconds: float) -> str:
        """Return a text that ``read`` accepts for so many seconds."""
        body = {**document, "exp": int(self.clock() + seconds)}
        payload = _encode(json.dumps(body, separators=(",", ":"), sort_keys=True).encode())
        return f"{payload}.{self._mark(purpose, payload)}"

    def read(self, purpose: str, text: str) -> dict[str, Any] | None:
        """Return what was signed for this purpose; None for anything else, and for what has expired."""
        payload, _, mark = text.partition(".")
        if len(text) > MAX_CHARACTERS or not hmac.compare_digest(
            mark.encode(), self._mark(purpose, payload).encode()
        ):
            return None
        document: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return document if document["exp"] > self.clock() else None

    def mark(self, purpose: str, text: str) -> str:
        """Return a mark of a text that only this key makes, such as a session's CSRF token."""
        return self._mark(purpose, text)

    def _mark(self, purpose: str, payload: str) -> str:
        return _encode(hmac.digest(self.key, f"{purpose}\n{payload}".encode(), hashlib.sha256))


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
