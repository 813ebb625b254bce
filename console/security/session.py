"""A session: who has signed in, kept in a signed cookie alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http.cookies import SimpleCookie

from starlette.requests import HTTPConnection

from console.backend import Person
from console.security.signed import Signer

_SESSION = "session"
_CSRF = "csrf"


@dataclass(frozen=True, slots=True)
class Session:
    """A person who has signed in, and the mark that their page sends with every change."""

    person: Person
    csrf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Makes and reads sessions of ``seconds``. ``cookie`` is the cookie's name, ``secure`` says whether the
    address has HTTPS.

    The name of a cookie over HTTPS begins with ``__Host-``, so that no other host of the domain can set it:
    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
    """

    signer: Signer
    cookie: str
    secure: bool
    seconds: int

    def begin(self, person: Person) -> str:
        """Return the Set-Cookie header of a new session."""
        document = {"name": person.name, "roles": list(person.roles), "id": secrets.token_urlsafe(16)}
        return self.set_cookie(self.cookie, self.signer.sign(_SESSION, document, self.seconds), self.seconds)

    def read(self, connection: HTTPConnection) -> Session | None:
        """Return the session of a request, None for one without a session that holds."""
        text = connection.cookies.get(self.cookie, "")
        document = self.signer.read(_SESSION, text) if text else None
        if document is None:
            return None
        person = Person(name=str(document["name"]), roles=tuple(document["roles"]))
        return Session(person, self.signer.mark(_CSRF, document["id"]))

    def end(self) -> str:
        """Return the Set-Cookie header that takes the session away."""
        return self.set_cookie(self.cookie, "", 0)

    def set_cookie(self, name: str, value: str, seconds: int) -> str:
        """Return a Set-Cookie header: out of reach for scripts, and not sent with what other sites request,
        except for a link that a person follows.
        """
        jar: SimpleCookie = SimpleCookie()
        jar[name] = value
        jar[name]["path"] = "/"
        jar[name]["max-age"] = seconds
        jar[name]["httponly"] = True
        jar[name]["samesite"] = "Lax"
        if self.secure:
            jar[name]["secure"] = True
        return jar[name].OutputString()
