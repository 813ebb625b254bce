"""Signing in by OpenID Connect, with a real provider that runs on this machine."""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient

from console.app import create_app
from console.audit import Audit
from console.security.oidc.provider import Provider, SignInError
from console.security.oidc.sign_in import GroupRoles, OpenIdConnect
from tests.console.made_up.backend import MadeUp
from tests.console.security.oidc.provider import authorized, running_provider

HOST = "console.example"
GROUPS = GroupRoles({"watch": ("analysts",), "operate": ("operators",), "administer": ("admins",)})
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"email": "ada@example.com", "groups": ["operators", "staff"]},
    "bob": {"email": "bob@example.com", "groups": ["analysts"]},
    "eve": {"email": "eve@example.com", "groups": ["staff"]},
    "adm": {"name": "<b>root</b>\u202e", "groups": ["admins"]},
    "mal": {"email": "mal@example.com", "groups": "admins"},
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider with people in it."""
    with running_provider(PEOPLE) as found:
        yield found


@dataclass
class Deployed:
    """A console behind HTTPS, in the browser of one person."""

    issuer: str
    audited: list[str] = field(default_factory=list)
    backend: MadeUp = field(default_factory=MadeUp)

    def __post_init__(self) -> None:
        self.provider = Provider(issuer=self.issuer, client_id="console", client_secret="secret")
        audit = Audit(self.audited.append)
        access = OpenIdConnect(
            provider=self.provider, roles=GROUPS, key=b"k" * 32, host_of=lambda _: HOST, audit=audit
        )
        app = create_app(self.backend, access, audit=audit, page=Path("nowhere"), stays_open=False)
        self.client = TestClient(app, base_url=f"https://{HOST}", follow_redirects=False)

    def begin(self, to: str = "/runs/broken-0") -> str:
        """Begin a sign-in, and return the provider's address."""
        found = self.client.get("/auth/sign-in", params={"to": to})
        assert found.status_code == 303, found.text
        return str(found.headers["location"])

    def sign_in(self, sub: str, to: str = "/runs/broken-0") -> httpx2.Response:
        """Sign a person in at the provider, and come back."""
        found: httpx2.Response = self.client.get(authorized(self.begin(to), sub))
        return found

    def send(self, path: str) -> httpx2.Response:
        """Change something as the page does."""
        csrf = self.client.get("/api/me").json()["csrf"]
        headers = {"origin": f"https://{HOST}", "x-sluice-csrf": csrf}
        found: httpx2.Response = self.client.post(path, headers=headers)
        return found


@pytest.fixture
def console(issuer: str) -> Deployed:
    """A console whose people the provider knows."""
    return Deployed(issuer)


def test_a_person_signs_in_and_comes_back_to_the_view(console: Deployed) -> None:
    """With the role of their group, and their name in the audit log."""
    assert console.client.get("/api/me").json()["sign_in"] == "/auth/sign-in"
    back = console.sign_in("ada")
    assert (back.status_code, back.headers["location"]) == (303, "/runs/broken-0")
    me = console.client.get("/api/me").json()
    assert (me["name"], me["roles"], me["deployed"]) == ("ada@example.com (ada)", ["operate"], True)
    assert console.send("/api/runs/broken-0/retry").status_code == 200
    assert console.backend.acts == [("ada@example.com (ada)", "retry", "broken-0")]
    assert [json.loads(line)["audit"] for line in console.audited] == ["sign-in", "retry"]


def test_the_cookies_are_this_hosts_alone(console: Deployed) -> None:
    """HTTPS, HttpOnly, no other host of the domain."""
    cookies = console.sign_in("ada").headers.get_list("set-cookie")
    session = next(one for one in cookies if one.startswith("__Host-sluice="))
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=Lax"} <= set(session.split("; "))
    assert "Domain" not in session


def test_who_may_only_watch_is_refused_with_the_missing_role(console: Deployed) -> None:
    """The button is greyed before, and the attempt is audited."""
    console.sign_in("bob")
    me = console.client.get("/api/me").json()
    assert me["permitted"]["retry"] == {"allowed": False, "missing": "the role operate"}
    plan = console.send("/api/runs/broken-0/retry?dry").json()
    assert (plan["allowed"], plan["permission"]["missing"]) == (False, "the role operate")
    refused = console.send("/api/runs/broken-0/retry")
    assert (refused.status_code, refused.json()["missing_permission"]) == (403, "the role operate")
    assert console.backend.acts == []
    assert json.loads(console.audited[-1])["status"] == 403
    assert console.client.get("/api/doctor").status_code == 403


def test_who_administers_may_all(console: Deployed) -> None:
    """And a name with HTML and an override in it is text."""
    console.sign_in("adm")
    me = console.client.get("/api/me").json()
    assert all(one["allowed"] for one in me["permitted"].values())
    assert console.send("/api/runs/broken-0/retry-current").status_code == 200
    assert "\u202e" not in console.audited[-1]


@pytest.mark.parametrize("sub", ["eve", "mal"])
def test_who_is_in_no_group_is_not_let_in(console: Deployed, sub: str) -> None:
    """Nor is one whose groups are no list: ``"admins"`` is not ``["admins"]``."""
    assert console.sign_in(sub).status_code == 403
    assert console.client.get("/api/overview").status_code == 401


def test_a_code_opens_only_the_browser_that_asked_for_it(console: Deployed, issuer: str) -> None:
    """Nobody is signed in as somebody else by a link: the state is in the cookie."""
    other = Deployed(issuer)
    stolen = authorized(other.begin(), "adm")
    assert console.client.get(stolen).status_code == 400
    console.begin()
    assert console.client.get(stolen).status_code == 400
    assert console.client.get("/api/me").status_code == 401


def test_a_code_works_once(console: Deployed) -> None:
    """A callback that is sent again signs nobody in."""
    callback = authorized(console.begin(), "ada")
    assert console.client.get(callback).status_code == 303
    console.client.cookies.clear()
    assert console.client.get(callback).status_code == 400


def test_a_code_of_another_sign_in_is_refused_by_pkce(console: Deployed) -> None:
    """Its verifier is another one, even where the state is right."""
    first = urllib.parse.parse_qs(urllib.parse.urlsplit(authorized(console.begin(), "adm")).query)
    second = urllib.parse.parse_qs(urllib.parse.urlsplit(authorized(console.begin(), "bob")).query)
    mixed = {"code": first["code"][0], "state": second["state"][0]}
    assert console.client.get("/auth/callback", params=mixed).status_code == 403


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "/a\r\nb"])
def test_nobody_is_sent_elsewhere(console: Deployed, to: str) -> None:
    """The way back is a path of this console."""
    assert console.sign_in("ada", to).headers["location"] == "/"


def test_a_view_without_a_session_goes_to_the_provider_and_back(console: Deployed) -> None:
    """A shared address works for whoever follows it."""
    found = console.client.get("/runs/broken-0?step=work")
    assert found.headers["location"] == "/auth/sign-in?to=%2Fruns%2Fbroken-0%3Fstep%3Dwork"


def test_signing_out_ends_both_sessions(console: Deployed) -> None:
    """Here, and at the provider, where it has an address for that."""
    console.sign_in("ada")
    out = console.send("/auth/sign-out")
    assert out.json()["to"].startswith(f"{console.issuer}/oauth2/end_session?client_id=console")
    assert console.client.get("/api/me").status_code == 401


KEY, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class _Keys:
    def __init__(self, count: int = 1) -> None:
        self._count = count

    def get_signing_keys(self) -> list[Any]:
        return [self.get_signing_key_from_jwt("")] * self._count

    def get_signing_key_from_jwt(self, _: str) -> Any:
        return jwt.PyJWK.from_dict(
            {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())), "alg": "RS256"}
        )


def _token(**changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": "https://p", "sub": "ada", "aud": "console", "exp": now + 60, "iat": now, "nonce": "n"}
    claims |= {name: value for name, value in changes.items() if name not in ("key", "algorithm", "without")}
    claims.pop(changes.get("without", ""), None)
    return jwt.encode(claims, changes.get("key", KEY), algorithm=changes.get("algorithm", "RS256"))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"iss": "https://q"},
        {"exp": 1_000_000},
        {"nonce": "m"},
        {"azp": "another"},
        {"key": OTHER},
        {"key": None, "algorithm": "none"},
        {"key": "k" * 32, "algorithm": "HS256"},
        *({"without": name} for name in ("iss", "sub", "aud", "exp", "iat", "nonce")),
    ],
)
def test_a_token_with_anything_wrong_is_refused(changes: dict[str, Any]) -> None:
    """Another's signature, client, time or sign-in, no signature, or one with a shared secret."""
    provider = Provider(issuer="https://p", client_id="console")
    provider.__dict__["_keys"] = _Keys()
    assert provider.verified(_token(), "n")["sub"] == "ada"
    with pytest.raises(SignInError):
        provider.verified(_token(**changes), "n")


def test_a_token_names_one_of_several_keys() -> None:
    """Where there is one it need not."""
    provider = Provider(issuer="https://p", client_id="console")
    provider.__dict__["_keys"] = _Keys(2)
    with pytest.raises(SignInError, match="one of 2 keys"):
        provider.verified(_token(), "n")


@pytest.mark.parametrize("issuer_", ["http://provider.example", "ftp://localhost", "file:///etc/passwd"])
def test_a_provider_without_https_is_refused(issuer_: str) -> None:
    """But on this machine."""
    with pytest.raises(SignInError, match="https"):
        Provider(issuer=issuer_, client_id="console").metadata  # noqa: B018 (it is read)


def test_another_issuers_metadata_is_refused(issuer: str) -> None:
    """What is published must be the issuer's own."""
    with pytest.raises(SignInError, match="Expected the issuer"):
        Provider(issuer=f"{issuer}/", client_id="console").metadata  # noqa: B018 (it is read)


def test_a_provider_that_does_not_answer(console: Deployed) -> None:
    """Says so, and lets nobody in."""
    console.provider.__dict__.pop("metadata", None)
    dead = Deployed("http://localhost:9")
    found = dead.client.get("/auth/sign-in")
    assert (found.status_code, "did not answer" in found.text) == (502, True)
