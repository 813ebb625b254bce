"""A console over made-up data in a test: asks it as a browser would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient

from console.app import create_app
from console.audit import Audit
from console.backend import Backend
from console.security.loopback import Loopback
from tests.console.made_up.backend import MadeUp

PORT = 4999
OWN = f"http://127.0.0.1:{PORT}"


@dataclass
class Browser:
    """A browser that has opened the console, unless ``opened`` says otherwise."""

    backend: Backend = field(default_factory=MadeUp)
    opened: bool = True
    page: Path = Path("nowhere")
    audited: list[str] = field(default_factory=list)
    access: Loopback = field(default_factory=lambda: Loopback(port=PORT, name="ada"))
    client: TestClient = field(init=False)
    csrf: str = ""

    def __post_init__(self) -> None:
        app = create_app(self.backend, self.access, audit=Audit(self.audited.append), page=self.page)
        self.client = TestClient(app, base_url=OWN, follow_redirects=False)
        if self.opened:
            self.client.get(self.access.address)
            self.csrf = self.get("/api/me").json()["csrf"]

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        """Ask as the page does."""
        found: httpx2.Response = self.client.get(
            path, headers={"sec-fetch-site": "same-origin", **(headers or {})}
        )
        return found

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        """Change something as the page does."""
        own = {"origin": OWN, "x-sluice-csrf": self.csrf}
        found: httpx2.Response = self.client.request(method, path, headers={**own, **(headers or {})}, **more)
        return found
