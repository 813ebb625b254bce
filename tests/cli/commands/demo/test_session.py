"""The port of the demo's local cloud."""

from __future__ import annotations

import socket

from cli.commands.demo.session import free_port
from local.paths import DEFAULT_PORT


def test_a_port_that_is_taken_is_not_used() -> None:
    """Another free one is."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", DEFAULT_PORT))
            taken.listen()
        except OSError:
            pass  # another process has it
        assert free_port() != DEFAULT_PORT
