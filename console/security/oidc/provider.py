"""A provider of OpenID Connect: what it publishes of itself, the exchange of a code, and its ID tokens.

https://openid.net/specs/openid-connect-core-1_0.html and
https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt

from sluice.errors import SluiceError

ALGORITHMS = ("RS256", "ES256")
"""Signatures with the provider's own keys alone: never ``none``, and none with a shared secret."""
_TIMEOUT_SECONDS = 5
_MAX_ANSWER_BYTES = 1024 * 1024
_LEEWAY_SECONDS = 30
_NEEDED_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "nonce")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SignInError(SluiceError):
    """A person could not be signed in."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider by its issuer. ``client_secret`` is empty for a public client, which PKCE protects.

    ``published_at`` is where its metadata is read, if not below the issuer; ``back_parameter`` is what it
    calls the address to return to after signing out.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    published_at: str = ""
    back_parameter: str = "post_logout_redirect_uri"

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """Return what the provider publishes of itself; raises SignInError for another issuer's."""
        below = self.published_at or self.issuer
        address = f"{below.rstrip('/')}/.well-known/openid-configuration"
        found = _asked(urllib.request.Request(_checked(address)))  # noqa: S310 (checked)
        if found.get("issuer") != self.issuer:
            raise SignInError(f"Expected the issuer {self.issuer}, found {found.get('issuer')!r}.")
        return found

    def authorization_address(self, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        """Return where a person signs in."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{_checked(str(self.metadata['authorization_endpoint']))}?{urlencode(query)}"

    def sign_out_address(self, back: str) -> str | None:
        """Return where a person signs out of the provider as well, None where it has no such address.

        https://openid.net/specs/openid-connect-rpinitiated-1_0.html
        """
        address = self.metadata.get("end_session_endpoint")
        query = urlencode({"client_id": self.client_id, self.back_parameter: back})
        return f"{_checked(str(address))}?{query}" if address else None

    def claims(self, code: str, redirect_uri: str, verifier: str, nonce: str) -> Mapping[str, Any]:
        """Exchange a code for an ID token and return its claims, once everything in it is verified.

        Raises SignInError.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self.client_id,
            "code_verifier": verifier,
        }
        if self.client_secret:
            form["client_secret"] = self.client_secret
        request = urllib.request.Request(  # noqa: S310 (checked)
            _checked(str(self.metadata["token_endpoint"])), urlencode(form).encode(), method="POST"
        )
        return self.verified(str(_asked(request).get("id_token", "")), nonce)

    def verified(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Return the claims of an ID token: the provider's, for this client, now, for this sign-in."""
        try:
            key = self._key_of(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self.client_id,
                issuer=self.issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(_NEEDED_CLAIMS)},
            )
        except jwt.PyJWTError as error:
            raise SignInError(f"Expected an ID token that holds, found: {error}.") from error
        if claims["nonce"] != nonce:
            raise SignInError("Expected the ID token of this sign-in, found that of another one.")
        if claims.get("azp", self.client_id) != self.client_id:
            raise SignInError("Expected an ID token for this client, found that of another one.")
        return claims

    def _key_of(self, token: str) -> jwt.PyJWK:
        """Return the key that a token names; a provider with one key need not name it.

        https://openid.net/specs/openid-connect-core-1_0.html#Signing
        """
        if "kid" in jwt.get_unverified_header(token):
            return self._keys.get_signing_key_from_jwt(token)
        found = self._keys.get_signing_keys()
        if len(found) != 1:
            raise SignInError(f"Expected the name of one of {len(found)} keys in the ID token, found none.")
        return found[0]

    @cached_property
    def _keys(self) -> jwt.PyJWKClient:
        return jwt.PyJWKClient(_checked(str(self.metadata["jwks_uri"])), timeout=_TIMEOUT_SECONDS)


def _checked(address: str) -> str:
    """Return an address with HTTPS, or on this machine; raises SignInError for any other."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return address
    raise SignInError(f"Expected an address with https of the provider, found {address[:200]!r}.")


def _asked(request: urllib.request.Request) -> dict[str, Any]:
    """Return the JSON object that an address answers with; raises SignInError for any other answer."""
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 (checked)
            document = json.loads(answer.read(_MAX_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        raise SignInError(f"The provider refused it: {error.code}.") from error
    except (OSError, ValueError) as error:
        raise SignInError(f"The provider did not answer as expected: {type(error).__name__}.") from error
    if not isinstance(document, dict):
        raise SignInError("Expected a JSON object of the provider, found something else.")
    return document
