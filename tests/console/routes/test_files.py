"""Results and the page's own files."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.console.made_up.sizes import NASTY
from tests.console.served import Browser


def test_html_of_a_result_may_do_nothing() -> None:
    """It is shown in a sandbox, without scripts and without any request."""
    response = Browser().get("/api/runs/broken-0/raw/report.html")
    assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow-scripts" not in policy


def test_a_download_is_never_shown() -> None:
    """Whatever its name: it is an attachment, and its name is data."""
    response = Browser().get("/api/runs/broken-0/download/" + quote(f"{NASTY}.bin"))
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%3Cimg")
    assert response.content == bytes(range(256))


def test_other_kinds_are_not_shown_raw() -> None:
    """A browser would guess at them."""
    assert Browser().get("/api/runs/broken-0/raw/notes.txt").status_code == 404


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a built page."""
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<title>Sluice</title>")
    (tmp_path / "dist" / "assets" / "page.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "dist"


def test_each_view_has_an_address_of_its_own(page: Path) -> None:
    """Every address that is nothing else is the page."""
    browser = Browser(page=page)
    for path in ("/", "/runs/broken-0", "/runs?state=FAILED", "/index.html"):
        assert browser.get(path).text == "<title>Sluice</title>"
    assert browser.get("/assets/page.js").headers["content-type"].startswith("text/javascript")


def test_a_packed_file_of_the_page_is_sent_to_those_who_can_unpack_it(page: Path) -> None:
    """The same text either way; results and answers of the API are never packed."""
    (page / "assets" / "page.js.gz").write_bytes(gzip.compress(b"1"))
    browser = Browser(page=page)
    packed = browser.get("/assets/page.js", {"accept-encoding": "gzip"})
    plain = browser.get("/assets/page.js", {"accept-encoding": "identity"})
    assert (packed.headers["content-encoding"], packed.text) == ("gzip", "1")
    assert ("content-encoding" in plain.headers, plain.text) == (False, "1")
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert "content-encoding" not in browser.get("/api/me", {"accept-encoding": "gzip"}).headers


def test_no_file_outside_of_the_page_is_handed_on(page: Path) -> None:
    """Whatever the path."""
    browser = Browser(page=page)
    for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "//etc/passwd"):
        assert "secret" not in browser.get(path).text
        assert "root:" not in browser.get(path).text


def test_a_page_that_is_not_built_says_how() -> None:
    """The API answers all the same."""
    response = Browser().get("/")
    assert (response.status_code, "npm run console" in response.text) == (503, True)
