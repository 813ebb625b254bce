"""Lets in people whom a provider of OpenID Connect knows, with the roles of their groups.

What belongs to a sign-in under way is in a signed cookie of the browser that began it: state, nonce and
PKCE's verifier. So nothing is stored, and a code that was made for another browser opens nothing.
https://www.rfc-editor.org/rfc/rfc9700 (OAuth 2.0 security) and https://www.rfc-editor.org/rfc/rfc7636 (PKCE)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from console.answers import answer
from console.audit import Audit
from console.backend import Person
from console.contract import SignedOut
from console.security.access import ROLES
from console.security.oidc.provider import Provider, SignInError
from console.security.session import Sessions
from console.security.signed import Signer

SESSION_SECONDS = 3600
"""A person who lost a group keeps its role for an hour at most."""
SIGN_IN_SECONDS = 600
MAX_UPLOAD_BYTES = 4 * 1024 * 1024
"""A Lambda takes requests of 6 MB, files in base64:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
_SESSION_COOKIE, _SIGN_IN_COOKIE = "__Host-sluice", "__Host-sluice-sign-in"
_PURPOSE = "sign-in"
_NO_ROLE = (
    "{} is signed in, and in none of the groups that may use this console. Ask whoever administers it.\n"
)
_NO_SIGN_IN = "Expected a sign-in that this browser began within ten minutes, found none. Begin again at /.\n"


@dataclass(frozen=True, slots=True)
class GroupRoles:
    """Which groups have which role: ``groups`` by roles; ``claim`` is where the provider puts a person's
    groups.
    """

    groups: Mapping[str, Sequence[str]]
    claim: str = "groups"

    def roles(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the roles of a person, the least first; those of nobody are none."""
        found = claims.get(self.claim)
        own = {str(one) for one in found} if isinstance(found, list) else set()
        return tuple(role for role in ROLES if own & set(self.groups.get(role, ())))


@dataclass(slots=True, kw_only=True)
class OpenIdConnect:
    """Signs people in; ``host_of`` returns the host name of this console for a request."""

    provider: Provider
    roles: GroupRoles
    key: bytes = field(repr=False)
    host_of: Callable[[Scope], str]
    audit: Audit = field(default_factory=Audit)
    deployed: bool = True
    max_upload_bytes: int = MAX_UPLOAD_BYTES
    sessions: Sessions = field(init=False)
    _signer: Signer = field(init=False)

    def __post_init__(self) -> None:
        """Make the sessions of this key."""
        self._signer = Signer(self.key)
        self.sessions = Sessions(
            signer=self._signer, cookie=_SESSION_COOKIE, secure=True, seconds=SESSION_SECONDS
        )

    def hosts(self, scope: Scope) -> frozenset[str]:
        """Return this console's own host name."""
        return frozenset({self.host_of(scope)})

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes of signing in and out."""
        return [
            Route("/auth/sign-in", self._begin, methods=["GET"]),
            Route("/auth/callback", self._callback, methods=["GET"]),
            Route("/auth/sign-out", self._sign_out, methods=["POST"]),
        ]

    def sign_in(self, request: Request) -> str | None:
        """Return the address that signs a person in; the page says where to come back to."""
        return "/auth/sign-in"

    def welcome(self, request: Request) -> Response:
        """Send a person to the provider, and back to the view that they asked for."""
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/auth/sign-in?{urlencode({'to': request.url.path + query})}", 303)

    async def _begin(self, request: Request) -> Response:
        under_way = {
            "state": secrets.token_urlsafe(32),
            "nonce": secrets.token_urlsafe(32),
            "verifier": secrets.token_urlsafe(48),
            "to": _own_path(request.query_params.get("to", "/")),
        }
        digest = hashlib.sha256(under_way["verifier"].encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        given = self._redirect_uri(request), under_way["state"], under_way["nonce"], challenge
        try:
            address = await run_in_threadpool(self.provider.authorization_address, *given)
        except SignInError as error:
            return PlainTextResponse(f"{error}\n", 502)
        response = RedirectResponse(address, 303)
        signed = self._signer.sign(_PURPOSE, under_way, SIGN_IN_SECONDS)
        response.headers["set-cookie"] = self.sessions.set_cookie(_SIGN_IN_COOKIE, signed, SIGN_IN_SECONDS)
        return response

    async def _callback(self, request: Request) -> Response:
        under_way = self._signer.read(_PURPOSE, request.cookies.get(_SIGN_IN_COOKIE, ""))
        state = request.query_params.get("state", "")
        if under_way is None or not hmac.compare_digest(state.encode(), under_way["state"].encode()):
            return PlainTextResponse(_NO_SIGN_IN, 400)
        given = self._redirect_uri(request), under_way["verifier"], under_way["nonce"]
        try:
            claims = await run_in_threadpool(
                self.provider.claims, request.query_params.get("code", ""), *given
            )
        except SignInError as error:
            return self._over(PlainTextResponse(f"{error}\n", 403))
        return self._let_in(claims, under_way["to"])

    def _let_in(self, claims: Mapping[str, Any], to: str) -> Response:
        person = Person(name=_name(claims), roles=self.roles.roles(claims))
        if not person.roles:
            self.audit.record(person, "sign-in", "", 403)
            return self._over(PlainTextResponse(_NO_ROLE.format(person.name), 403))
        self.audit.record(person, "sign-in", "", 200)
        response = self._over(RedirectResponse(to, 303))
        response.headers.append("set-cookie", self.sessions.begin(person))
        return response

    def _over(self, response: Response) -> Response:
        """Take the cookie of the sign-in away: a code is used once."""
        response.headers.append("set-cookie", self.sessions.set_cookie(_SIGN_IN_COOKIE, "", 0))
        return response

    async def _sign_out(self, request: Request) -> Response:
        back = f"https://{self.host_of(request.scope)}/"
        try:
            to = await run_in_threadpool(self.provider.sign_out_address, back)
        except SignInError:
            to = None  # The session of this console ends all the same.
        response = answer(SignedOut(to))
        response.headers["set-cookie"] = self.sessions.end()
        return response

    def _redirect_uri(self, request: Request) -> str:
        return f"https://{self.host_of(request.scope)}/auth/callback"


def _own_path(to: str) -> str:
    """Return a path of this console, never an address of somebody else: browsers read ``//`` and a backslash
    as the beginning of one.
    """
    is_own = to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable()
    return to[:1000] if is_own else "/"


def _name(claims: Mapping[str, Any]) -> str:
    """Return a person's name for the audit log, with what identifies them whatever they call themselves."""
    shown = claims.get("email") or claims.get("preferred_username") or claims.get("name")
    return f"{str(shown)[:200]} ({str(claims['sub'])[:200]})" if shown else str(claims["sub"])[:200]
