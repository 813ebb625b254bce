"""What tests of the page begin with: a tab over made-up data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.console.made_up.backend import MadeUp
from tests.console.page.chromium import Visitor, served, visiting


@pytest.fixture
def backend() -> MadeUp:
    """Made-up data, fresh for each test."""
    return MadeUp()


@pytest.fixture
def visitor(browser: BrowserContext, backend: MadeUp) -> Iterator[Visitor]:
    """Yield a tab that has opened a console over the made-up data; nothing may have been refused in it."""
    with served(backend) as access:
        found = visiting(browser, access)
        yield found
        found.page.close()
    assert found.complaints == []
