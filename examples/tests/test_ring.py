"""ring: nodes in threads, each at an address of its own, over real connections."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from containers.ring import rendezvous, steps
from containers.ring.connection import MAX_BYTES, Connection, ConnectionLostError, connect
from containers.ring.rendezvous import RendezvousError, agreed, join, neighbours
from containers.ring.steps import InputError, number_of, publish, ring
from pipelines.ring import pipeline
from sluice.pipeline.definition import MultiNode
from sluice.steps import Node
from sluice.testing import make_out, make_results
from sluice.triggers.trigger_event import Request

MAIN = "127.77.0.1"
OUT = make_out()


@pytest.fixture(autouse=True)
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port of the main node's that is free, so that tests may run side by side."""
    with socket.socket() as probe:
        probe.bind((MAIN, 0))
        found = int(probe.getsockname()[1])
    monkeypatch.setattr(rendezvous, "PORT", found)
    monkeypatch.setattr(steps, "PORT", found)
    # Above the time that a test waits for a node: what ends in that has not waited so long.
    monkeypatch.setattr(steps, "JOIN_TIMEOUT_SECONDS", 100.0)
    monkeypatch.setattr(steps, "RECEIVE_TIMEOUT_SECONDS", 100.0)
    return found


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for nodes."""
    with ThreadPoolExecutor(16) as threads:
        yield threads


def node(index: int, count: int, given: Any = None) -> Node:
    """Return a node at a loopback address of its own."""
    trigger = Request(token="t", input=given)
    return Node(index=index, count=count, address=f"127.77.0.{index + 1}", main_address=MAIN, trigger=trigger)


def started(
    pool: ThreadPoolExecutor, count: int, given: Any = None, pause: float = 0.0
) -> list[Future[dict[str, Any]]]:
    """Start all nodes, the last one first."""
    futures: list[Future[dict[str, Any]]] = []
    for index in reversed(range(count)):
        futures.insert(0, pool.submit(ring, node(index, count, given), OUT))
        time.sleep(pause)
    return futures


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_all_nodes_end_with_the_same_sum(count: int, pool: ThreadPoolExecutor) -> None:
    """However many there are, and though the main node starts last."""
    main, *others = [future.result(timeout=30) for future in started(pool, count, pause=0.05)]
    total = count * (count + 1) // 2
    assert main == {
        "sum": total,
        "nodes": count,
        "agreed": list(range(count)),
        "addresses": [f"127.77.0.{n + 1}" for n in range(count)],
    }
    assert others == [{"sum": total}] * (count - 1)


def test_the_numbers_come_from_the_runs_input(pool: ThreadPoolExecutor) -> None:
    """One a node."""
    results = [future.result(timeout=30) for future in started(pool, 4, {"numbers": [10, 20, 30, -5]})]
    assert [one["sum"] for one in results] == [55] * 4


def test_strangers_do_not_disturb(
    pool: ThreadPoolExecutor, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Garbage, silence, a node of another run, a number that is no node's: each is sent away."""
    monkeypatch.setattr(rendezvous, "HELLO_TIMEOUT_SECONDS", 1.0)
    others = [pool.submit(ring, node(0, 3), OUT)]
    hello = {"meeting": OUT.run, "index": 1, "address": "127.77.0.9", "port": 1}
    wrong = [
        {**hello, "meeting": "another"},
        {**hello, "index": 3},
        {**hello, "index": 0},
        {**hello, "port": "x"},
        [1],
        {},
    ]
    silent = connect((MAIN, port), 10)
    for sent in [b"GET / HTTP/1.1\r\n\r\n", b"\n", *(json.dumps(one).encode() + b"\n" for one in wrong)]:
        with connect((MAIN, port), 10) as stranger:
            stranger.sendall(sent)
    others += [pool.submit(ring, node(index, 3), OUT) for index in (1, 2)]
    assert [future.result(timeout=30)["sum"] for future in others] == [6, 6, 6]
    silent.close()


def test_nodes_that_do_not_come_are_named(pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The main node waits for so long and no longer, and so do those that came."""
    monkeypatch.setattr(steps, "JOIN_TIMEOUT_SECONDS", 1.0)
    futures = [pool.submit(ring, node(index, 4), OUT) for index in (0, 2)]
    with pytest.raises(RendezvousError, match=r"Expected 4 nodes within 1 s, found none of index 1, 3\."):
        futures[0].result(timeout=30)
    with pytest.raises(ConnectionLostError, match=r"closed the connection|timed out"):
        futures[1].result(timeout=30)


def test_a_main_node_that_does_not_come_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the address."""
    monkeypatch.setattr(steps, "JOIN_TIMEOUT_SECONDS", 0.3)
    with pytest.raises(
        ConnectionLostError, match=r"Expected a node that listens at 127\.77\.0\.1:\d+ within 0\.3 s"
    ):
        ring(node(1, 2), OUT)


def test_a_node_that_leaves_in_the_middle_fails_the_ring(pool: ThreadPoolExecutor) -> None:
    """No node waits for the token until the job's time-out."""

    def leaver() -> None:
        with ExitStack() as connections:
            listener = connections.enter_context(socket.create_server(("127.77.0.2", 0)))
            _, addresses = join(node(1, 3), OUT.run, listener, connections, 10)
            upstream, _ = neighbours(node(1, 3), addresses, listener, connections, 10)
            upstream.receive()

    futures: list[Future[Any]] = [pool.submit(ring, node(0, 3), OUT), pool.submit(ring, node(2, 3), OUT)]
    pool.submit(leaver).result(timeout=30)
    for future in futures:
        with pytest.raises(ConnectionLostError):
            future.result(timeout=30)


def test_nodes_that_disagree_are_named() -> None:
    """The main node ends well only when all have found the same."""
    agreed({1: 6, 2: 6}, 6)
    with pytest.raises(RendezvousError, match=r"Expected every node to find 6, found \{2: 7\}"):
        agreed({1: 6, 2: 7}, 6)


def test_a_thousand_addresses_fit_into_a_line(pool: ThreadPoolExecutor) -> None:
    """As many nodes as AWS Batch lets a job have."""
    all_addresses = [(f"10.{n // 250}.{n % 250}.255", 65_535) for n in range(1_000)]
    assert len(json.dumps({"nodes": all_addresses})) < MAX_BYTES // 4
    here, there = socket.socketpair()
    with Connection(here, 10) as sender, Connection(there, 10) as receiver:
        pool.submit(sender.send, {"nodes": all_addresses})
        assert len(receiver.receive()["nodes"]) == 1_000


@pytest.mark.parametrize(
    "sent", [b"{}", b"x" * (MAX_BYTES + 1) + b"\n"], ids=["no line end", "an endless line"]
)
def test_a_line_without_an_end_is_refused(sent: bytes) -> None:
    """No node has to hold what never ends."""
    here, there = socket.socketpair()

    def send() -> None:
        here.sendall(sent)
        here.shutdown(socket.SHUT_WR)

    with Connection(there, 5) as receiver, here:
        sender = threading.Thread(target=send)
        sender.start()
        with pytest.raises(ConnectionLostError, match="Expected a line, found"):
            receiver.receive()
        there.recv(1 << 20)
        sender.join(5)


@pytest.mark.parametrize(
    "given",
    [{}, [], "x", 5, {"numbers": [1, 2]}, {"numbers": [1, 2, 3, "4"]}, {"numbers": [1, 2, 3, True]}],
    ids=str,
)
def test_a_wrong_input_is_refused(given: Any) -> None:
    """It says what was expected for so many nodes."""
    with pytest.raises(InputError, match=r'Expected an input such as \{"numbers": \[1, 2, 3, 4\]\}'):
        number_of(given, 0, 4)


def test_what_the_main_node_returned_is_published() -> None:
    """By the step downstream of the ring."""
    out = make_out()
    publish(make_results({"ring": [{"sum": 10, "nodes": 4}]}), out)
    assert out.files["sum.json"].json() == {"sum": 10, "nodes": 4}


def test_the_job_outlasts_the_waiting_for_its_nodes() -> None:
    """The main node names the missing nodes before AWS Batch ends the job."""
    (step,) = [one for one in pipeline.steps if isinstance(one, MultiNode)]
    assert step.timeout > 900 + 60
    assert pipeline.only_with == "nat"
