"""A token opens the console once."""

from __future__ import annotations

from tests.console.served import Browser


def test_nothing_is_answered_without_a_session() -> None:
    """The API says that nobody is signed in, and the page says what to do."""
    browser = Browser(opened=False)
    assert browser.get("/api/overview").json()["error"] == "not-signed-in"
    assert "sluice console" in browser.get("/").text


def test_the_token_works_once() -> None:
    """Whoever finds the address later, in a history or a log, gets nothing with it."""
    first = Browser()
    assert first.get("/api/overview").status_code == 200
    first.client.cookies.clear()
    again = first.client.get(first.access.address)
    assert (again.status_code, "set-cookie" in again.headers) == (401, False)


def test_a_wrong_token_opens_nothing_and_takes_nothing_away() -> None:
    """A guess does not use up the token."""
    browser = Browser(opened=False)
    for guess in ("", "x", browser.access.token[:-1], "é"):
        assert browser.client.get("/auth/open", params={"token": guess}).status_code == 401
    assert browser.client.get(browser.access.address).status_code == 303


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites() -> None:
    """HttpOnly and SameSite, for this port's name."""
    browser = Browser(opened=False)
    cookie = browser.client.get(browser.access.address).headers["set-cookie"]
    assert cookie.startswith(f"sluice-{browser.access.port}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_signing_out_ends_the_session() -> None:
    """The cookie is taken away."""
    browser = Browser()
    assert browser.send("POST", "/auth/sign-out").status_code == 200
    assert browser.get("/api/overview").status_code == 401
