"""What a person may do by their roles, and how they came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from console.contract import ACTIONS, Permission
from console.security.session import Session, Sessions
from sluice.settings import CONSOLE_ROLES

WATCH, OPERATE, ADMINISTER = ROLES = CONSOLE_ROLES
NEEDED = {
    **dict.fromkeys(ACTIONS, OPERATE),
    "retry-current": ADMINISTER,
    "start": OPERATE,
    "unpause": OPERATE,
    "close-set": OPERATE,
    "doctor": ADMINISTER,
}
"""The role that an action needs. The code that a run keeps is changed by those alone who administer."""


class Access(Protocol):
    """How people come in."""

    sessions: Sessions
    deployed: bool
    max_upload_bytes: int

    def hosts(self, scope: Scope, /) -> frozenset[str]:
        """Return the values of ``Host`` that lead here."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes of signing in and out."""
        ...

    def sign_in(self, request: Request) -> str | None:
        """Return the address that signs a person in, None where there is none."""
        ...

    def welcome(self, request: Request) -> Response:
        """Return what a person sees who has no session and asks for the page."""
        ...


def permission(session: Session, action: str) -> Permission:
    """Return whether a person's roles permit an action."""
    needed = NEEDED[action]
    if has_role(session, needed):
        return Permission(allowed=True)
    return Permission(allowed=False, missing=f"the role {needed}")


def has_role(session: Session, needed: str) -> bool:
    """Return whether a person has a role, or one that may more."""
    return any(role in session.person.roles for role in ROLES[ROLES.index(needed) :])
