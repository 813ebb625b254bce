"""The console of one person on their own machine: a token that works once opens it."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from console.answers import answer
from console.backend import Person
from console.contract import MAX_UPLOAD_BYTES, SignedOut
from console.security.access import ROLES
from console.security.session import Sessions
from console.security.signed import Signer

SESSION_SECONDS = 12 * 3600
_WITHOUT_SESSION = (
    "Expected a session, found none. Open the address that `sluice console` has printed: it works once. Start"
    " the command again for another one.\n"
)


@dataclass(slots=True)
class Loopback:
    """Lets in whoever has the token, once; IAM decides by the caller's credentials what they may do."""

    port: int
    name: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    deployed: bool = False
    max_upload_bytes: int = MAX_UPLOAD_BYTES
    sessions: Sessions = field(init=False)
    _used: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Make a key that lives as long as this process."""
        # Cookies are not separated by ports: each console has a name of its own.
        # https://www.rfc-editor.org/rfc/rfc6265#section-8.5
        self.sessions = Sessions(
            signer=Signer(secrets.token_bytes(32)),
            cookie=f"sluice-{self.port}",
            secure=False,
            seconds=SESSION_SECONDS,
        )

    @property
    def address(self) -> str:
        """Return the address that opens the console."""
        return f"http://127.0.0.1:{self.port}/auth/open?token={self.token}"

    def hosts(self, _: Scope) -> frozenset[str]:
        """Return the names of this machine's loopback with the port."""
        return frozenset(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes of the token and of signing out."""
        return [
            Route("/auth/open", self._open, methods=["GET"]),
            Route("/auth/sign-out", self._sign_out, methods=["POST"]),
        ]

    def sign_in(self, _: Request) -> str | None:
        """Return None: only the terminal has the address."""
        return None

    def welcome(self, _: Request) -> Response:
        """Return what to do."""
        return PlainTextResponse(_WITHOUT_SESSION, 401)

    async def _open(self, request: Request) -> Response:
        given = request.query_params.get("token", "")
        # The answer sends the browser on, so that the token stays in no address line and no history.
        onwards = RedirectResponse("/", 303)
        if request.state.session is not None:
            return onwards
        if self._used or not hmac.compare_digest(given.encode(), self.token.encode()):
            return self.welcome(request)
        self._used = True
        onwards.headers["set-cookie"] = self.sessions.begin(Person(name=self.name, roles=ROLES))
        return onwards

    async def _sign_out(self, _: Request) -> Response:
        response = answer(SignedOut())
        response.headers["set-cookie"] = self.sessions.end()
        return response
