"""`sluice console`."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from cli.cloud import Cloud
from cli.commands.console import serve
from cli.main import main, parser
from sluice.operate.errors import RequestError
from tests.sluice.operate.harness import REGION, OperateHarness


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A cloud with nothing in its ledger."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield Cloud(OperateHarness().clients.__getitem__, "the test")


def test_a_port_that_is_taken_is_refused(cloud: Cloud) -> None:
    """With its number."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RequestError, match=f"Expected port {port} to be free"):
            serve(port, cloud)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none(port: str) -> None:
    """The command line is wrong."""
    with pytest.raises(SystemExit) as wrong:
        parser().parse_args(["console", "--port", port])
    assert wrong.value.code == 2


def test_without_a_deployed_sluice_nothing_is_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says what it expected."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        harness = OperateHarness()
        harness.clients["cloudformation"].outputs.clear()
        cloud = Cloud(harness.clients.__getitem__, "the test")
        monkeypatch.setattr("cli.commands.console.cloud_of", lambda: cloud)
        assert main(["console", "--no-open"]) == 1
    assert "Expected Sluice in the test" in capsys.readouterr().err


def test_it_listens_on_the_loopback_and_opens_once(cloud: Cloud) -> None:
    """Over HTTP: the address opens it, another Host is refused."""
    served = serve(0, cloud)
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    try:
        address = served.access.address
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        _ask(opener, address)
        base = address.partition("/auth")[0]
        assert b'"name"' in _ask(opener, f"{base}/api/me")
        foreign = urllib.request.Request(f"{base}/api/me", headers={"Host": "evil.example"})  # noqa: S310 (it begins with http)
        assert b"not-permitted" in _ask(opener, foreign)
        assert b"session" in _ask(urllib.request.build_opener(), address)
        assert served.listening.getsockname()[0] == "127.0.0.1"
    finally:
        served.server.should_exit = True
        thread.join(10)


def _ask(opener: urllib.request.OpenerDirector, address: Any) -> bytes:
    for _ in range(100):
        try:
            with opener.open(address) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            return error.read()
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError(address)
