"""An ECS agent for nodes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


@pytest.fixture
def agent() -> Iterator[str]:
    """An ECS agent that says what the container at its path is: /metadata/<address>."""

    class Agent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = json.dumps(
                {"Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": [self.path.rsplit("/", 1)[1]]}]}
            ).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer if "metadata" in self.path else b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Agent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
