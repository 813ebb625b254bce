"""Mended: the sessions of roles, which ministack looks through while other threads add to them.

Each cold start of a function, each job and each AssumeRole adds a session, in a thread of its own, and before
that ministack walks over all of them for those that have expired. An insertion meanwhile ends the walk with
"dictionary changed size during iteration": the function does not start, and its messages wait until their
visibility timeout is over.
"""

import time
from collections.abc import Mapping

from ministack.services import (
    sts,
)


def evict_from_copies() -> None:
    """Let ministack look for expired sessions in a copy, which is made in one step."""
    sts._evict_expired_sessions = _evict_expired_sessions


def _evict_expired_sessions() -> None:
    now = time.time()
    for key, session in list(sts._sessions.items()):
        if _is_expired(session, now):
            sts._sessions.pop(key, None)


def _is_expired(session: Mapping[str, object], now: float) -> bool:
    expiration = session.get("Expiration")
    return isinstance(expiration, int | float) and now > expiration
