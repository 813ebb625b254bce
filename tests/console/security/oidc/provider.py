"""A provider of OpenID Connect that runs on this machine, and a person who agrees there."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oidc_provider_mock


@contextmanager
def running_provider(people: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the issuer of a provider with these people: their claims by their subjects."""
    users = [oidc_provider_mock.User(sub=sub, claims={**claims}) for sub, claims in people.items()]
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def authorized(address: str, sub: str) -> str:
    """Let a person agree at the provider, and return the address that it sends them back to."""
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        opener.open(address, urllib.parse.urlencode({"sub": sub}).encode())
    except urllib.error.HTTPError as answer:
        return str(answer.headers["location"])
    raise AssertionError(address)
