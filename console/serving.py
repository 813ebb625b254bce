"""Serves the console on this machine's loopback, and nowhere else."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from console.app import create_app
from console.backend import Backend
from console.routes.files import PAGE
from console.security.loopback import Loopback

ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Served:
    """A console that is about to be served: ``access`` has the address that opens it."""

    access: Loopback
    server: uvicorn.Server
    listening: socket.socket

    def run(self) -> None:
        """Serve until the process is asked to end (Ctrl-C, SIGTERM)."""
        self.server.run(sockets=[self.listening])


def on_loopback(backend: Backend, name: str, *, port: int = 0, page: Path = PAGE) -> Served:
    """Return a console on a port, 0 for any free one; raises OSError when the port is taken.

    ``name`` is who looks, for the audit log.
    """
    listening = socket.create_server((ADDRESS, port))
    access = Loopback(port=listening.getsockname()[1], name=name)
    config = uvicorn.Config(
        create_app(backend, access, page=page),
        log_level="warning",
        access_log=False,
        # What stands in front of a server names the client in headers; nothing stands in front of this one.
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return Served(access, uvicorn.Server(config), listening)
