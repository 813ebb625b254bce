"""A connection between two nodes: JSON documents, one a line, each within a time."""

from __future__ import annotations

import json
import socket
import time
from typing import Any, Self

MAX_BYTES = 256 * 1024
"""Of one line: the addresses of 1,000 nodes are a fifth of it."""
_PAUSE_SECONDS = 0.2


class ConnectionLostError(Exception):
    """The other end sent nothing in time, closed the connection, or sent what is no JSON document."""


class Connection:
    """One end of a connection; ``seconds`` is how long one document may take. Use it in a ``with``, which
    closes it.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        connection.settimeout(seconds)
        self._connection = connection
        self._reader = connection.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._connection.close()

    def set_timeout(self, seconds: float) -> None:
        """From now on a document may take this many seconds."""
        self._connection.settimeout(seconds)

    def send(self, document: Any) -> None:
        """Send a document; raises ConnectionLostError."""
        try:
            self._connection.sendall(json.dumps(document).encode() + b"\n")
        except OSError as error:
            raise ConnectionLostError(f"Expected to send {str(document)[:100]}, found: {error}.") from error

    def receive(self) -> Any:
        """Return the next document; raises ConnectionLostError."""
        try:
            line = self._reader.readline(MAX_BYTES)
            return json.loads(line) if line.endswith(b"\n") else self._cut(line)
        except (OSError, ValueError) as error:
            raise ConnectionLostError(
                f"Expected a JSON document, found: {error or type(error).__name__}."
            ) from error

    @staticmethod
    def _cut(line: bytes) -> Any:
        raise ConnectionLostError(
            "Expected a JSON document, found that the other end closed the connection."
            if not line
            else f"Expected a line, found {line[:100]!r}."
        )


def connect(address: tuple[str, int], seconds: float) -> socket.socket:
    """Return a connection to a node that may not listen yet; raises ConnectionLostError when it does not
    within this many seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(address, timeout=max(_PAUSE_SECONDS, min(10.0, seconds)))
        except OSError as error:
            if time.monotonic() >= deadline:
                raise ConnectionLostError(
                    f"Expected a node that listens at {address[0]}:{address[1]} within {seconds:g} s, found:"
                    f" {error}."
                ) from error
        time.sleep(_PAUSE_SECONDS)
