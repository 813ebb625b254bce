"""The console as a function of Lambda: events in, answers out, with a provider that runs on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from console import deployed
from sluice.settings import ConsoleSettings
from tests.console.awaiting import called_apart
from tests.console.live.conftest import CountedCloud, counted_cloud
from tests.console.security.oidc.provider import authorized, running_provider

HOST = "abc123.lambda-url.us-east-1.on.aws"


def event(
    path: str, *, method: str = "GET", query: str = "", cookies: list[str] | None = None, **headers: str
) -> dict[str, Any]:
    """Return an event of a function URL: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html"""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}},
        "cookies": cookies or [],
        "requestContext": {
            "domainName": HOST,
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
        },
        "isBase64Encoded": False,
    }


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider with a person in it."""
    with running_provider({"ada": {"email": "ada@example.com", "groups": ["operators"]}}) as found:
        yield found


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountedCloud]:
    """A cloud with nothing in it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with counted_cloud() as found:
        yield found


@pytest.fixture
def function(empty: CountedCloud, issuer: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The function's environment, over a cloud with nothing in it."""
    secrets = _secrets()
    outputs = empty.harness.clients["cloudformation"].outputs
    outputs["SluiceControl"]["ConsoleClient"] = "console"
    settings = ConsoleSettings(
        stack_prefix="Sluice",
        issuer=issuer,
        user_pool="none",
        client_secret=secrets["client"],
        session_secret=secrets["session"],
        groups=json.dumps({"operate": ["operators"]}),
        groups_claim="groups",
    )
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(deployed, "AccountCloud", lambda *_: _WithSecrets(empty))
    deployed._program.cache_clear()
    yield
    deployed._program.cache_clear()


class _WithSecrets:
    """The cloud of the live backend's tests, with Secrets Manager."""

    def __init__(self, cloud: CountedCloud) -> None:
        self.deployment, self.ledger, self._cloud = cloud.deployment, cloud.ledger, cloud

    def client(self, service: str) -> Any:
        return _client(service) if service == "secretsmanager" else self._cloud.client(service)


def _client(service: str) -> Any:
    import botocore.session

    return botocore.session.get_session().create_client(service, region_name="us-east-1")


def _secrets() -> dict[str, str]:
    secrets = _client("secretsmanager")
    names = ("client", "session")
    return {one: secrets.create_secret(Name=one, SecretString=one * 8)["ARN"] for one in names}


def _call(*given: Any, **more: Any) -> dict[str, Any]:
    return called_apart(_answer, event(*given, **more))


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    """Return the function's answer, in a thread that has a loop of its own, as Lambda's main thread has."""
    with asyncio.Runner() as runner:
        runner.get_loop()
        return deployed.handler(given, None)


@pytest.mark.usefixtures("function")
def test_a_person_signs_in_through_the_function() -> None:
    """Both cookies of the answer arrive, and the session is the person's."""
    begun = _call("/auth/sign-in", query="to=/runs")
    assert begun["statusCode"] == 303
    back = authorized(begun["headers"]["location"], "ada")
    path, _, query = back.removeprefix(f"https://{HOST}").partition("?")
    cookies = [one.partition(";")[0] for one in begun["cookies"]]
    signed_in = _call(path, query=query, cookies=cookies)
    assert (signed_in["statusCode"], signed_in["headers"]["location"]) == (303, "/runs")
    session = next(one for one in signed_in["cookies"] if one.startswith("__Host-sluice="))
    me = _call("/api/me", cookies=[session.partition(";")[0]], sec_fetch_site="same-origin")
    assert json.loads(me["body"])["name"] == "ada@example.com (ada)"


@pytest.mark.usefixtures("function")
def test_another_host_than_the_function_urls_is_refused() -> None:
    """Lambda says beside the headers which address was called."""
    found = _call("/", host="evil.example")
    assert (found["statusCode"], "Host" in found["body"]) == (403, True)


@pytest.mark.usefixtures("function")
def test_who_has_no_session_reads_nothing() -> None:
    """The API says where to sign in, a view sends there."""
    assert _call("/api/overview", sec_fetch_site="same-origin")["statusCode"] == 401
    assert _call("/runs/one")["headers"]["location"].startswith("/auth/sign-in?to=")


@pytest.mark.usefixtures("function")
def test_a_start_that_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request makes the program once more."""
    with monkeypatch.context() as patch:
        patch.delenv("SLUICE_SESSION_SECRET")
        with pytest.raises(Exception, match="SLUICE_SESSION_SECRET"):
            _call("/")
    assert _call("/")["statusCode"] == 303


def test_the_key_of_sessions_changes_with_the_secret() -> None:
    """And is not the secret itself."""
    one, other = (deployed._session_key(text) for text in ("a", "b"))
    assert (one != other, len(one), one != b"a") == (True, 32, True)


def test_an_account_makes_each_client_once() -> None:
    """However many threads ask."""
    with mock_aws():
        cloud = deployed.AccountCloud("Sluice", "us-east-1")
        assert cloud.client("sqs") is cloud.client("sqs")
        assert cloud.deployment.prefix == "Sluice"
