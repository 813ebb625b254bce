"""Foreign hosts, foreign pages and unmarked changes are refused before anything else."""

from __future__ import annotations

import pytest

from console.security.headers import HEADERS
from tests.console.made_up.backend import MadeUp
from tests.console.served import OWN, PORT, Browser


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", f"127.0.0.1.evil.example:{PORT}", f"127.0.0.1:{PORT + 1}", ""]
)
def test_a_foreign_host_is_refused(host: str) -> None:
    """A name of somebody else that leads to this address reads nothing: DNS rebinding."""
    browser = Browser()
    assert browser.get("/api/overview", {"host": host}).status_code == 403


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"[::1]:{PORT}"])
def test_names_of_the_loopback_are_known(host: str) -> None:
    """Each name of this machine's loopback leads here."""
    assert Browser(opened=False).get("/api/overview", {"host": host}).status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "null", OWN.replace("http", "https"), f"{OWN}0"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_origin_is_refused(origin: str, method: str) -> None:
    """Another site's page neither reads nor acts, even with the cookie and the mark."""
    browser = Browser()
    path = "/api/runs/broken-0/retry" if method == "POST" else "/api/runs/broken-0"
    assert browser.send(method, path, {"origin": origin}).status_code == 403


def test_a_change_without_an_origin_is_refused() -> None:
    """Browsers send the origin of each change."""
    browser = Browser()
    response = browser.client.post("/api/runs/broken-0/retry", headers={"x-sluice-csrf": browser.csrf})
    assert response.status_code == 403


def test_what_another_site_loads_is_refused_and_its_link_is_not() -> None:
    """A script or an image of another site gets nothing; a person who follows a link gets the page."""
    browser = Browser()
    assert (
        browser.get("/api/runs", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}).status_code
        == 403
    )
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert browser.get("/runs/broken-0", link).status_code == 503  # The page is not built here.


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"])
def test_no_other_method_is_answered(method: str) -> None:
    """There is no CORS: a preflight request is refused, and allows nothing."""
    response = Browser().send(method, "/api/runs/broken-0/retry")
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("mark", ["", "wrong", "é"])
def test_a_change_needs_the_mark_of_its_session(mark: str) -> None:
    """The cookie alone changes nothing."""
    backend = MadeUp()
    browser = Browser(backend)
    headers = {"x-sluice-csrf": mark.encode("latin-1").decode("latin-1")}
    response = browser.client.post(
        "/api/runs/broken-0/retry", headers=[(b"origin", OWN.encode()), (b"x-sluice-csrf", mark.encode())]
    )
    assert (response.status_code, backend.acts, headers["x-sluice-csrf"]) == (403, [], mark)


def test_the_mark_of_another_session_is_refused() -> None:
    """A mark belongs to one session."""
    one, other = Browser(), Browser()
    assert one.send("POST", "/api/runs/broken-0/retry", {"x-sluice-csrf": other.csrf}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/api/overview", "/api/nothing", "/auth/open?token=x"])
def test_every_answer_has_the_strict_headers(path: str) -> None:
    """Refusals as well: nothing inline, nothing from elsewhere, in nobody's frame, in no cache."""
    response = Browser(opened=False).get(path)
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "default-src 'none'" in policy
