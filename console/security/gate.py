"""Refuses what no page of this console asks for, before anything else sees it.

A foreign ``Host`` is a name of somebody else that leads to this address (DNS rebinding); a foreign ``Origin``
is another site's page. There is no CORS: OPTIONS is refused as any method that the page does not use.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.answers import problem
from console.contract import CSRF_HEADER
from console.security.headers import HEADERS, HSTS
from console.security.session import Session, Sessions

_READS = ("GET", "HEAD")
_CHANGES = ("POST", "PUT")
Hosts = Callable[[Scope], frozenset[str]]
"""Returns the values of ``Host`` that lead here."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Checks each request, puts its session (or None) into ``request.state.session``, and adds the headers of
    every answer.
    """

    app: ASGIApp
    sessions: Sessions
    hosts: Hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # No websocket is spoken here: the server closes it.
        connection = HTTPConnection(scope)
        session = self.sessions.read(connection)
        scope.setdefault("state", {})["session"] = session
        refusal = self._refusal(scope, connection.headers, session)
        app: ASGIApp = self.app if refusal is None else problem(403, "not-permitted", refusal)
        await app(scope, receive, self._with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers, session: Session | None) -> str | None:
        """Return why a request is refused, None for one that is not."""
        method, host = scope["method"], headers.get("host", "")
        if method not in (*_READS, *_CHANGES):
            return f"Expected one of {', '.join((*_READS, *_CHANGES))}, found {method[:20]}."
        if host not in self.hosts(scope):
            return "Expected this console's own address as Host, found another one."
        if not self._is_own(headers, host, method in _CHANGES):
            return "Expected a request of this console's own page, found one of another site."
        if method in _CHANGES and not self._has_csrf(headers, session):
            return f"Expected the session's mark in {CSRF_HEADER}, found none. Load the page again."
        return None

    def _is_own(self, headers: Headers, host: str, changes: bool) -> bool:
        """Return whether a request comes from this console's page, or is a link that a person follows."""
        own = f"{'https' if self.sessions.secure else 'http'}://{host}"
        origin = headers.get("origin")
        if origin is None:
            site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode")
            return not changes and (site in ("none", "same-origin") or mode == "navigate")
        return origin == own

    def _has_csrf(self, headers: Headers, session: Session | None) -> bool:
        # Without a session nothing can be changed: the answer is that there is none.
        return session is None or hmac.compare_digest(
            headers.get(CSRF_HEADER, "").encode(), session.csrf.encode()
        )

    def _with_headers(self, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (HEADERS | (HSTS if self.sessions.secure else {})).items():
                    headers.setdefault(name, value)
            await send(message)

        return answer
