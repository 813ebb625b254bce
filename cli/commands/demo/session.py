"""The local cloud of a demo: started, deployed to, and ended whatever happens."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cli.commands.demo.clock import Clock
from cli.project import EXAMPLES
from local.deployment.deploy import deploy
from local.paths import DEFAULT_PORT, LocalCloudPaths
from local.server import process

Print = Callable[[str], None]
ADDRESSES = {"ALERT_EMAIL": "you@example.com", "ALERT_PHONE": "+15550100123"}
"""Where alerts are sent, unless the caller's environment names other addresses."""


@contextmanager
def deployed(
    print_line: Print, clock: Clock, port: int | None = None, *, keeps: bool = False
) -> Iterator[LocalCloudPaths]:
    """Yield a local cloud with the examples deployed and IAM enforced; it has ended when this returns, also
    after Ctrl-C. One that is kept ends only when something has gone wrong.
    """
    place = LocalCloudPaths.of(free_port() if port is None else port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    is_kept = False
    with _environment(ADDRESSES), clock.stage("cloud"):
        process.start(place)
    try:
        print_line(f"cloud      {place.endpoint}")
        with _environment(ADDRESSES), clock.stage("deploy"):
            deploy(place, print_line, EXAMPLES)
        yield place
        is_kept = keeps
    finally:
        if not is_kept:
            with clock.stage("stop"), _uninterrupted():
                process.stop(place)


def free_port() -> int:
    """Return AWS emulators' usual port, or another one when something listens there."""
    for port in (DEFAULT_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("Expected a free port on 127.0.0.1, found none.")


@contextmanager
def _environment(defaults: Mapping[str, str]) -> Iterator[None]:
    missing = {name: value for name, value in defaults.items() if not os.environ.get(name)}
    os.environ.update(missing)
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore a second Ctrl-C, which would leave the cloud running."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
