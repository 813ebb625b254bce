"""How nodes find each other: AWS Batch tells every node the main node's address, and the main node tells
everybody everybody's.

Nodes start in any order, minutes apart; each is waited for. A stranger who connects is sent away.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from containers.ring.line import Line, LineError, call
from sluice.steps import Node

PORT = 47400
"""Where the main node listens; the others listen where their system has room, and say where."""
HELLO_SECONDS = 10.0
"""What a stranger can cost the main node; a node says at once who it is."""
Address = tuple[str, int]


class MeetingError(Exception):
    """Not all nodes have come, or one has left."""


def gather(
    node: Node, name: str, listener: socket.socket, lines: ExitStack, seconds: float
) -> tuple[dict[int, Line], list[Address]]:
    """On the main node: wait for all others and tell them who they are. Returns a line to each, and the
    addresses by index.

    Raises MeetingError when they are not all there in time.
    """
    deadline = time.monotonic() + seconds
    addresses: dict[int, Address] = {0: (node.address, listener.getsockname()[1])}
    joined: dict[int, Line] = {}
    while len(addresses) < node.count:
        listener.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            connection, _ = listener.accept()
        except TimeoutError as error:
            missing = ", ".join(str(index) for index in range(node.count) if index not in addresses)
            raise MeetingError(
                f"Expected {node.count} nodes within {seconds:g} s, found none of index {missing}."
            ) from error
        line = lines.enter_context(Line(connection, min(HELLO_SECONDS, seconds)))
        if index := _joined(line, node, name, addresses):
            line.wait_up_to(seconds)
            joined[index] = line
    everybody = [addresses[index] for index in range(node.count)]
    for line in joined.values():
        line.say({"nodes": everybody})
    return joined, everybody


def _joined(line: Line, node: Node, name: str, addresses: dict[int, Address]) -> int | None:
    """Note a node's address and return its index; None for a stranger."""
    try:
        said = line.hear()
        index, address = int(said["index"]), (str(said["address"]), int(said["port"]))
        if said["meeting"] != name or not 0 < index < node.count:
            return None
    except (LineError, KeyError, TypeError, ValueError):
        return None
    addresses[index] = address
    return index


def join(
    node: Node, name: str, listener: socket.socket, lines: ExitStack, seconds: float
) -> tuple[Line, list[Address]]:
    """On any other node: tell the main node where this one listens. Returns the line to it, and all addresses
    by index.

    Raises LineError when the main node does not answer in time.
    """
    line = lines.enter_context(Line(call((node.main_address, PORT), seconds), seconds))
    line.say(
        {"meeting": name, "index": node.index, "address": node.address, "port": listener.getsockname()[1]}
    )
    return line, [(str(host), int(port)) for host, port in line.hear()["nodes"]]


def agreed(totals: Mapping[int, object], expected: object) -> None:
    """Raise MeetingError unless all nodes found the same."""
    if others := {index: total for index, total in totals.items() if total != expected}:
        raise MeetingError(f"Expected every node to find {expected}, found {others}.")


def neighbours(
    node: Node, addresses: Sequence[Address], listener: socket.socket, lines: ExitStack, seconds: float
) -> tuple[Line, Line]:
    """Return lines from the node before and to the node behind this one; the first and the last are
    neighbours too.

    Raises LineError or TimeoutError.
    """
    behind = lines.enter_context(Line(call(addresses[(node.index + 1) % node.count], seconds), seconds))
    behind.say({"from": node.index})
    listener.settimeout(seconds)
    while True:
        before = lines.enter_context(Line(listener.accept()[0], seconds))
        if before.hear() == {"from": (node.index - 1) % node.count}:
            return before, behind
