"""The console as an ASGI program: the API of ``console.contract`` over a backend, and the built page.

Whoever serves it says how people come in (``Access``) and what stands behind (``Backend``).
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from console.answers import problem
from console.audit import Audit
from console.backend import Backend
from console.routes.changes import Changes
from console.routes.events import Events
from console.routes.files import PAGE, Files
from console.routes.reads import Reads, not_found
from console.security.access import Access
from console.security.gate import Gate


def create_app(
    backend: Backend,
    access: Access,
    *,
    audit: Audit | None = None,
    page: Path = PAGE,
    stays_open: bool = True,
) -> Starlette:
    """Return the program. ``stays_open`` says whether an answer may go on for as long as a page is open."""
    files = Files(backend, access, page)
    routes = [
        *access.routes(),
        *Events(backend=backend, stays_open=stays_open).routes(),
        *files.routes(),
        *Reads(backend, access).routes(),
        *Changes(backend, access, audit or Audit()).routes(),
        Route("/api/{rest:path}", not_found, methods=["GET", "POST", "PUT"]),
        Route("/{rest:path}", files.show),
    ]
    middleware = [
        Middleware(Gate, sessions=access.sessions, hosts=access.hosts),
        Middleware(_SignedIn, access=access),
    ]
    return Starlette(routes=routes, middleware=middleware)


class _SignedIn:
    """Lets nobody without a session at the API."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith("/api/")
        app: ASGIApp = self._app
        if is_api and scope["state"]["session"] is None:
            app = self._refusal(Request(scope))
        await app(scope, receive, send)

    def _refusal(self, request: Request) -> Response:
        return problem(
            401,
            "not-signed-in",
            "Expected a session, found none, or one that has ended.",
            sign_in=self._access.sign_in(request),
        )
