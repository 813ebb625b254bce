"""Sessions of roles may be added while those that have expired are looked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from ministack.services import sts

from local.emulator.access import role_credentials
from local.emulator.patches.sessions import evict_from_copies

ROLE = "arn:aws:iam::000000000000:role/r"


class Watched(dict[str, Any]):
    """A session that another thread's insertion meets when it is looked at."""

    def __init__(self, on_look: Callable[[], None]) -> None:
        """Have no expiration."""
        super().__init__()
        self._on_look = on_look

    def get(self, key: str, default: Any = None) -> Any:
        """Let the other thread insert, then answer."""
        self._on_look()
        return super().get(key, default)


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The sessions, of which one adds another when it is looked at: a second cold start at that moment."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(sts, "_sessions", found)
    monkeypatch.setattr(sts, "_evict_expired_sessions", sts._evict_expired_sessions)
    found["watched"] = Watched(lambda: found.update({f"other{len(found)}": {}}))
    return found


def test_ministack_itself_stops_at_a_session_that_comes_meanwhile(sessions: dict[str, Any]) -> None:
    """When this fails the emulator was mended, and the patch can go."""
    with pytest.raises(RuntimeError, match="dictionary changed size during iteration"):
        role_credentials(ROLE, "function")


def test_two_functions_start_at_the_same_moment(sessions: dict[str, Any]) -> None:
    """Both have their sessions, and what has expired is gone."""
    evict_from_copies()
    sessions["old"] = {"Expiration": time.time() - 1}
    given = role_credentials(ROLE, "function")
    assert given["AWS_ACCESS_KEY_ID"] in sessions
    assert "old" not in sessions
    assert [name for name in sessions if name.startswith("other")]
