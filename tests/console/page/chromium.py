"""A browser without a window for the tests of the page, and a console over made-up data for it to open."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright

from console.backend import Backend
from console.routes.files import PAGE
from console.security.loopback import Loopback
from console.serving import on_loopback

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, PHONE = (1280, 800), (390, 844)
_MOST_LOOKS = 1200
AXE = PAGE.parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def why_not() -> str | None:
    """Return why there can be no test in a browser here; None when there can."""
    if not any(map(shutil.which, NAMES)):
        return f"Expected a browser ({', '.join(NAMES)}) on the PATH, found none: `apt-get install chromium`."
    if not (PAGE / "index.html").exists():
        return f"Expected the built page in {PAGE}, found none: `make setup` builds it."
    return None


@contextmanager
def launched(playwright: Playwright) -> Iterator[BrowserContext]:
    """Start Debian's Chromium with a profile of its own, and end it."""
    program = next(found for name in NAMES if (found := shutil.which(name)))
    with tempfile.TemporaryDirectory(prefix="profile-") as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=program, args=list(FLAGS), viewport=_size(WIDE), accept_downloads=True
        )
        try:
            yield context
        finally:
            context.close()


def _size(size: tuple[int, int]) -> Any:
    return {"width": size[0], "height": size[1]}


@contextmanager
def served(backend: Backend) -> Iterator[Loopback]:
    """Serve a console over a backend while the block runs."""
    console = on_loopback(backend, "ada")
    thread = threading.Thread(target=console.run, daemon=True)
    thread.start()
    try:
        yield console.access
    finally:
        console.server.should_exit = True
        thread.join(10)


@dataclass
class Visitor:
    """A tab that has opened a console. ``complaints`` are errors, and what the browser refused."""

    page: Page
    own: str
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Keep what the browser complains about: a violation of the page's policy is an error there."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        # What a sandboxed result may not do is refused, and said so: that is the sandbox at work.
        if message.type == "error" and "sandboxed" not in message.text:
            self.complaints.append(message.text)

    def go(self, address: str, *, theme: str = "light", size: tuple[int, int] = WIDE) -> Page:
        """Open a view and wait until it has been read."""
        self.page.set_viewport_size(_size(size))
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        self.page.goto(f"{self.own}{address}")
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until the view has a title and nothing of it is still being read."""
        self.page.wait_for_selector("h1")
        self.page.locator("main .loading").first.wait_for(state="detached")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds that is none of an element; fails the test where it never does."""
        for _ in range(_MOST_LOOKS):
            if condition():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"Expected {what}, and waited in vain.")

    def violations(self) -> list[Mapping[str, Any]]:
        """Return what axe-core finds wrong with the view."""
        # The policy of the page lets no script in; what the debugger evaluates is not of the page.
        self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            {"id": one["id"], "at": [node["target"] for node in one["nodes"]][:5]}
            for one in found["violations"]
        ]


def visiting(context: BrowserContext, access: Loopback) -> Visitor:
    """Return a new tab that has opened the console with its one-time token."""
    page = context.new_page()
    page.goto(access.address)
    visitor = Visitor(page, page.url.rstrip("/"))
    visitor.listen()
    return visitor
