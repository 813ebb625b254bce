"""Pictures of each view for docs/console.md, light and dark: `make screenshots` renews them."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from tests.console.page.chromium import PHONE, Visitor
from tests.console.page.views import ON_A_PHONE, VIEWS

DOCS = Path(__file__).parents[3] / "docs"
PICTURES = DOCS / "console"
THEMES = ("light", "dark")
MAX_BYTES = 60_000
_QUALITY = 45
SCREEN = 1120, 680
SHOTS = {
    **{name: (address, SCREEN) for name, address in VIEWS.items()},
    **{f"{name}-phone": (VIEWS[name], PHONE) for name in ON_A_PHONE},
}


def picture(visitor: Visitor) -> bytes:
    """Return what the browser shows, as WebP."""
    session = visitor.page.context.new_cdp_session(visitor.page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    return base64.b64decode(taken["data"])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SHOTS)
def test_a_view_has_its_picture(visitor: Visitor, name: str, theme: str) -> None:
    """It is small enough to stand in the repository, and shows something."""
    address, size = SHOTS[name]
    page = visitor.go(address, theme=theme, size=size)
    # Fonts and the first drawing of a canvas.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_timeout(300)
    taken = picture(visitor)
    assert 2_000 < len(taken) <= MAX_BYTES
    if os.environ.get("UPDATE_SCREENSHOTS"):
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / f"{name}-{theme}.webp").write_bytes(taken)


def test_the_page_of_the_docs_shows_every_view() -> None:
    """Light and dark, each picture that there is and no other."""
    text = (DOCS / "console.md").read_text()
    wanted = {f"{name}-{theme}.webp" for name in SHOTS for theme in THEMES}
    assert {path.name for path in PICTURES.iterdir()} == wanted
    assert [name for name in wanted if f"console/{name}" not in text] == []
