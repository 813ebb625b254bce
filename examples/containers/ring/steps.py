"""Nodes in a ring: each contributes a number, a token adds them up on its way around, and a second one
takes the sum to all.
"""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from typing import Any

from containers.ring.connection import Connection
from containers.ring.rendezvous import PORT, agreed, gather, join, neighbours
from sluice.steps import Node, Out, Results

JOIN_TIMEOUT_SECONDS = 900.0
"""The main node starts before the machines of the others are there."""
RECEIVE_TIMEOUT_SECONDS = 60.0


class InputError(ValueError):
    """The input of the run is not one that this pipeline knows."""


def ring(node: Node, out: Out) -> dict[str, Any]:
    """Find the sum of all nodes' numbers. The main node leaves last: its end is the end of the job."""
    number = number_of(node.trigger.input, node.index, node.count)
    with ExitStack() as connections:
        listener = connections.enter_context(
            socket.create_server((node.address, PORT if node.is_main else 0), backlog=node.count + 8)
        )
        if node.is_main:
            return _lead(node, number, out, listener, connections)
        main, addresses = join(node, out.run, listener, connections, JOIN_TIMEOUT_SECONDS)
        upstream, downstream = neighbours(node, addresses, listener, connections, RECEIVE_TIMEOUT_SECONDS)
        total = _follow(number, upstream, downstream)
        main.send({"sum": total})
        main.receive()  # The main node has the sum of every node.
        return {"sum": total}


def _lead(
    node: Node, number: int, out: Out, listener: socket.socket, connections: ExitStack
) -> dict[str, Any]:
    others, addresses = gather(node, out.run, listener, connections, JOIN_TIMEOUT_SECONDS)
    upstream, downstream = neighbours(node, addresses, listener, connections, RECEIVE_TIMEOUT_SECONDS)
    downstream.send({"sum": number, "nodes": 1})
    token = upstream.receive()
    downstream.send({"total": token["sum"]})
    upstream.receive()
    totals = {index: connection.receive()["sum"] for index, connection in sorted(others.items())}
    agreed(totals, token["sum"])
    for connection in others.values():
        connection.send({"agreed": True})
    print(f"{node.count} nodes agree on {token['sum']}", flush=True)
    return {
        "sum": token["sum"],
        "nodes": token["nodes"],
        "agreed": [0, *totals],
        "addresses": [host for host, _ in addresses],
    }


def _follow(number: int, upstream: Connection, downstream: Connection) -> int:
    """Add this node's number to the token and pass it on, then pass on the sum, and return it."""
    token = upstream.receive()
    downstream.send({"sum": token["sum"] + number, "nodes": token["nodes"] + 1})
    total = upstream.receive()
    downstream.send(total)
    return int(total["total"])


def number_of(given: Any, index: int, count: int) -> int:
    """Return what a node contributes: ``{"numbers": [3, 1, 4, 1]}``, or its index and one; raises
    InputError.
    """
    if given is None:
        return index + 1
    numbers = given.get("numbers") if isinstance(given, dict) else None
    if (
        not isinstance(numbers, list)
        or len(numbers) != count
        or not all(type(number) is int for number in numbers)
    ):
        raise InputError(
            f'Expected an input such as {{"numbers": {list(range(1, count + 1))}}}, found'
            f" {str(given)[:100]!r}. Correct it."
        )
    return int(numbers[index])


def publish(results: Results, out: Out) -> None:
    """Publish what the main node returned."""
    ((_, found),) = results("ring")
    out.write("sum.json", json.dumps(found))
