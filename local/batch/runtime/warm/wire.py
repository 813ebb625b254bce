"""What an engine and a warm parent say to each other: JSON behind its length, a descriptor beside it."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

_LENGTH = struct.Struct("!Q")


def send(connection: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
    """Send a message, with descriptors for the other process; OSError where it is gone."""
    body = json.dumps(message).encode()
    length = _LENGTH.pack(len(body))
    if descriptors:
        socket.send_fds(connection, [length], list(descriptors))
        connection.sendall(body)
    else:
        connection.sendall(length + body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next message with its descriptors, None when the other process is gone; OSError."""
    head, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, 1)
    head += _exactly(connection, _LENGTH.size - len(head)) if head else b""
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    body = _exactly(connection, size)
    return (json.loads(body), descriptors) if len(body) == size else None


def _exactly(connection: socket.socket, size: int) -> bytes:
    """Return so many bytes; fewer when the other process is gone."""
    parts = bytearray()
    while len(parts) < size and (part := connection.recv(size - len(parts))):
        parts += part
    return bytes(parts)
