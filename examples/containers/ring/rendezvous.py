"""How nodes find each other: AWS Batch gives every node the main node's address, and the main node
sends all addresses to all.

Nodes start in any order, minutes apart; each is waited for. A stranger that connects is refused.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from containers.ring.connection import Connection, ConnectionLostError, connect
from sluice.steps import Node

PORT = 47400
"""Where the main node listens; the others listen at a free port, and send its number."""
HELLO_TIMEOUT_SECONDS = 10.0
"""How long a stranger can hold up the main node; a node sends at once which it is."""
Address = tuple[str, int]


class RendezvousError(Exception):
    """Not all nodes have connected in time, or they disagree."""


def gather(
    node: Node, name: str, listener: socket.socket, connections: ExitStack, seconds: float
) -> tuple[dict[int, Connection], list[Address]]:
    """On the main node: wait for all others and send them all addresses. Returns a connection to each, and
    the addresses by index.

    Raises RendezvousError when they are not all there in time.
    """
    deadline = time.monotonic() + seconds
    addresses: dict[int, Address] = {0: (node.address, listener.getsockname()[1])}
    joined: dict[int, Connection] = {}
    while len(addresses) < node.count:
        listener.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            accepted, _ = listener.accept()
        except TimeoutError as error:
            missing = ", ".join(str(index) for index in range(node.count) if index not in addresses)
            raise RendezvousError(
                f"Expected {node.count} nodes within {seconds:g} s, found none of index {missing}."
            ) from error
        connection = connections.enter_context(Connection(accepted, min(HELLO_TIMEOUT_SECONDS, seconds)))
        if index := _joined(connection, node, name, addresses):
            connection.set_timeout(seconds)
            joined[index] = connection
    all_addresses = [addresses[index] for index in range(node.count)]
    for connection in joined.values():
        connection.send({"nodes": all_addresses})
    return joined, all_addresses


def _joined(connection: Connection, node: Node, name: str, addresses: dict[int, Address]) -> int | None:
    """Note a node's address and return its index; None for a stranger."""
    try:
        hello = connection.receive()
        index, address = int(hello["index"]), (str(hello["address"]), int(hello["port"]))
        if hello["meeting"] != name or not 0 < index < node.count:
            return None
    except (ConnectionLostError, KeyError, TypeError, ValueError):
        return None
    addresses[index] = address
    return index


def join(
    node: Node, name: str, listener: socket.socket, connections: ExitStack, seconds: float
) -> tuple[Connection, list[Address]]:
    """On any other node: send the main node where this one listens. Returns the connection to it, and all
    addresses by index.

    Raises ConnectionLostError when the main node does not answer in time.
    """
    connection = connections.enter_context(Connection(connect((node.main_address, PORT), seconds), seconds))
    connection.send(
        {"meeting": name, "index": node.index, "address": node.address, "port": listener.getsockname()[1]}
    )
    return connection, [(str(host), int(port)) for host, port in connection.receive()["nodes"]]


def agreed(totals: Mapping[int, object], expected: object) -> None:
    """Raise RendezvousError unless all nodes found the same."""
    if others := {index: total for index, total in totals.items() if total != expected}:
        raise RendezvousError(f"Expected every node to find {expected}, found {others}.")


def neighbours(
    node: Node, addresses: Sequence[Address], listener: socket.socket, connections: ExitStack, seconds: float
) -> tuple[Connection, Connection]:
    """Return connections from the node upstream and to the node downstream of this one; the first and the
    last are neighbours too.

    Raises ConnectionLostError or TimeoutError.
    """
    downstream = connections.enter_context(
        Connection(connect(addresses[(node.index + 1) % node.count], seconds), seconds)
    )
    downstream.send({"from": node.index})
    listener.settimeout(seconds)
    while True:
        upstream = connections.enter_context(Connection(listener.accept()[0], seconds))
        if upstream.receive() == {"from": (node.index - 1) % node.count}:
            return upstream, downstream
