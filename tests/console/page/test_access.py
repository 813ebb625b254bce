"""Who is let in, in the browser: by a provider of OpenID Connect where the console is deployed, by a token
that works once on loopback; and what the page of somebody else may do, which is nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import BrowserContext, Page, expect

from console.app import create_app
from console.security.oidc.provider import Provider
from console.security.oidc.sign_in import GroupRoles, OpenIdConnect
from tests.console.made_up.backend import MadeUp
from tests.console.page.chromium import Visitor, served, visiting
from tests.console.security.oidc.provider import running_provider

GROUPS = GroupRoles({"watch": ("analysts",), "operate": ("operators",), "administer": ("admins",)})
PEOPLE = {
    "ada": {"email": "ada@example.com", "groups": ["operators"]},
    "bob": {"email": "bob@example.com", "groups": ["analysts"]},
    "eve": {"email": "eve@example.com", "groups": ["staff"]},
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """A console behind HTTPS, as it is deployed, in a tab that nobody has signed in at."""

    page: Page
    own: str
    issuer: str
    backend: MadeUp

    def sign_in(self, sub: str) -> None:
        """Agree at the provider's page, which is where one is."""
        self.page.wait_for_url(f"{self.issuer}/**")
        self.page.get_by_role("button", name=sub, exact=True).click()


@contextmanager
def https(backend: MadeUp, issuer: str, folder: Path) -> Iterator[str]:
    """Serve a console as it is deployed while the block runs, and yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    provider = Provider(issuer=issuer, client_id="console", client_secret="secret")
    access = OpenIdConnect(provider=provider, roles=GROUPS, key=b"k" * 32, host_of=lambda _: host)
    key, certificate = _certificate(folder)
    config = uvicorn.Config(
        create_app(backend, access, stays_open=False),
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
        ssl_keyfile=key,
        ssl_certfile=certificate,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"https://{host}"
    finally:
        server.should_exit = True
        thread.join(10)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a key and its own certificate for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "console")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "key.pem", folder / "certificate.pem"
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    files[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return files


@pytest.fixture
def deployed(browser: BrowserContext, backend: MadeUp, tmp_path: Path) -> Iterator[Deployed]:
    """A deployed console, in a tab of its own."""
    page = browser.new_page()
    # The certificate is nobody's but this test's.
    browser.new_cdp_session(page).send("Security.setIgnoreCertificateErrors", {"ignore": True})
    # The provider's page would have its looks from elsewhere.
    page.route("https://cdn.jsdelivr.net/**", lambda route: route.abort())
    with running_provider(PEOPLE) as issuer, https(backend, issuer, tmp_path) as own:
        yield Deployed(page, own, issuer, backend)
        page.close()
    browser.clear_cookies()


def test_one_signs_in_comes_to_the_view_acts_and_signs_out(deployed: Deployed) -> None:
    """What one does is done by one's name; afterwards the view leads to the provider again."""
    page = deployed.page
    page.goto(f"{deployed.own}/runs/broken-0")
    deployed.sign_in("ada")
    page.wait_for_url(f"{deployed.own}/runs/broken-0")
    page.locator(".who", has_text="ada@example.com (ada)").wait_for()
    page.get_by_role("button", name="Retry", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Retry", exact=True).click()
    page.get_by_text("Done:").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    assert deployed.backend.acts == [("ada@example.com (ada)", "retry", "broken-0")]
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{deployed.issuer}/**")
    page.get_by_role("button", name="End session").click()
    page.wait_for_url(f"{deployed.issuer}/oauth2/authorize**")
    page.goto(f"{deployed.own}/runs/broken-0")
    page.wait_for_url(f"{deployed.issuer}/oauth2/authorize**")


def test_who_may_only_watch_finds_buttons_grey_with_the_missing_role(deployed: Deployed) -> None:
    """All that is seen is there; pressing does nothing."""
    page = deployed.page
    page.goto(f"{deployed.own}/runs/broken-0")
    deployed.sign_in("bob")
    button = page.get_by_role("button", name="Cancel needs the role operate")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(f"{deployed.own}/doctor")
    page.get_by_text("the role administer").first.wait_for()
    assert deployed.backend.acts == []


def test_who_is_in_no_group_is_told_so(deployed: Deployed) -> None:
    """By name, and sees nothing else."""
    page = deployed.page
    page.goto(f"{deployed.own}/")
    deployed.sign_in("eve")
    page.get_by_text("eve@example.com (eve) is signed in, and in none of the groups").wait_for()
    assert deployed.backend.calls == 0


def test_a_session_that_has_ended_leads_to_the_provider_and_back(deployed: Deployed) -> None:
    """From the view that one looks at, without losing its address."""
    page = deployed.page
    page.goto(f"{deployed.own}/runs?state=FAILED")
    deployed.sign_in("ada")
    page.locator("tbody .run-name").first.wait_for()  # The list has come, and with it the pipelines.
    page.context.clear_cookies(name="__Host-sluice")
    page.get_by_label("Pipeline").select_option("flights")
    deployed.sign_in("ada")
    page.wait_for_url(f"{deployed.own}/runs?state=FAILED&pipeline=flights")


def test_without_the_token_nothing_is_shown(visitor: Visitor, backend: MadeUp) -> None:
    """The address that opens a console works once; another browser gets nothing by it."""
    page = visitor.page
    page.context.clear_cookies()
    before = backend.calls
    answer = page.goto(f"{visitor.own}/runs/broken-0")
    assert answer is not None
    assert answer.status == 401
    assert backend.calls == before
    _forget(visitor)


def test_another_name_for_this_machine_is_refused(visitor: Visitor) -> None:
    """A name of somebody else may lead here (DNS rebinding)."""
    answer = visitor.page.goto(visitor.own.replace("127.0.0.1", "console.localhost"))
    assert answer is not None
    assert answer.status == 403
    assert "own address as Host" in answer.text()
    _forget(visitor)


def _forget(visitor: Visitor) -> None:
    """Forget the browser's own words of an answer that refuses, which come after it."""
    visitor.page.goto("about:blank")
    visitor.until(lambda: bool(visitor.complaints), "the browser's own words")
    visitor.page.wait_for_timeout(300)  # There may be more of them.
    visitor.complaints.clear()


def test_the_page_of_another_site_changes_and_reads_nothing(
    browser: BrowserContext, visitor: Visitor, backend: MadeUp
) -> None:
    """Its requests come with its own origin, however it makes them, and with this browser's session."""
    with served(MadeUp()) as access:
        other = visiting(browser, access)
        asked = f"""async mode => {{
            const address = '{visitor.own}/api/runs/broken-0/retry';
            try {{ const found = await fetch(address, {{method: 'POST', mode, credentials: 'include'}});
                   return [found.type, found.status]; }}
            catch (error) {{ return ['refused', 0]; }}
        }}"""
        answers = [other.page.evaluate(asked, mode) for mode in ("cors", "no-cors")]
        other.page.close()
    assert [status for _, status in answers] == [0, 0]
    assert backend.acts == []


def test_what_the_policy_refuses_fails_a_test(visitor: Visitor) -> None:
    """A script in a line and one from elsewhere do not run; that they were tried is heard."""
    page = visitor.go("/")
    page.evaluate(
        "for (const given of [{textContent: 'window.ran = 1'}, {src: 'https://example.com/a.js'}])"
        "document.head.append(Object.assign(document.createElement('script'), given))"
    )

    def refused() -> int:
        return len([one for one in visitor.complaints if "Content Security Policy" in one])

    visitor.until(lambda: refused() >= 2, "two refusals")
    assert page.evaluate("window.ran") is None
    assert refused() == 2
    visitor.complaints.clear()
