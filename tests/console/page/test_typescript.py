"""The page and its server have one contract."""

from __future__ import annotations

from tests.console.page.typescript import FILE, written


def test_the_pages_copy_of_the_contract_is_the_servers() -> None:
    """A member that the server gained is known to the compiler of the page."""
    assert FILE.read_text() == written(), "Run `python -m tests.console.page.typescript`."
