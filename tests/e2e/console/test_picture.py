"""The console's picture in the README: a run over real flights, as a person sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from sluice.run.state import RunState
from tests.console.page.chromium import Visitor
from tests.console.page.test_screenshots import MAX_BYTES, SCREEN, THEMES, picture
from tests.e2e.application import Application, Upload
from tests.e2e.console.test_page import console

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "docs" / "pictures"


@pytest.fixture
def visitor(browser: BrowserContext, app: Application, deployed_project: Path) -> Iterator[Visitor]:
    """A tab of the one who deployed."""
    with console(browser, app, app.client, deployed_project) as found:
        yield found


@pytest.mark.parametrize("theme", THEMES)
def test_the_run_of_the_readme_has_its_picture(
    visitor: Visitor, app: Application, burst: dict[str, Upload], theme: str
) -> None:
    """It shows each step with what was counted of it; `make screenshots` renews it."""
    run = app.ended(burst["flights"])
    assert run.state is RunState.SUCCEEDED
    page = visitor.go(f"/runs/{run.run_id}?step=read", theme=theme, size=SCREEN)
    page.wait_for_timeout(300)
    shown = page.locator("main").inner_text()
    assert [name for name in run.steps if name not in shown] == []
    page.get_by_role("cell", name=f"{run.steps['read'].children} items", exact=True).wait_for()
    taken = picture(visitor)
    assert 2_000 < len(taken) <= MAX_BYTES
    name = f"console-{theme}.webp"
    if os.environ.get("UPDATE_SCREENSHOTS"):
        (PICTURES / name).write_bytes(taken)
    assert (PICTURES / name).is_file()
    assert f"docs/pictures/{name}" in (ROOT / "README.md").read_text()
