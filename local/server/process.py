"""Starts and ends the process of a local cloud."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from local.errors import LocalCloudError
from local.executors import PROCESS, ExecutorName, check
from local.paths import REPOSITORY, Place
from local.server.lock import holder

START_SECONDS = 30.0
END_SECONDS = 20.0
POLL_SECONDS = 0.02


def start(place: Place, executor: ExecutorName = PROCESS) -> int:
    """Start a cloud at `place`, wait until it answers, and return its process id.

    Raises LocalCloudError when one runs there already, when something else has the port, when it does not
    start, and when jobs shall run in Docker and no engine answers.
    """
    running = holder(place.pid_file)
    if running:
        message = (
            f"Expected no local cloud on port {place.port}, found one (process {running}):"
            f" {_end_hint(place)}."
        )
        raise LocalCloudError(message)
    _check_port(place.port)
    check(executor)
    place.state.mkdir(parents=True, exist_ok=True)
    with place.log.open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [
                sys.executable,
                "-m",
                "local",
                "--port",
                str(place.port),
                "--state",
                str(place.state),
                "--executor",
                executor,
            ],
            cwd=place.state,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C in the terminal is for the command, which then ends the cloud in order
            start_new_session=True,
        )
    _wait(lambda: _answers(place) or process.poll() is not None, START_SECONDS)
    if process.poll() is not None or not _answers(place):
        process.kill()
        message = (
            f"Expected the local cloud to start on port {place.port}, found it ended or silent: see"
            f" {place.log}."
        )
        raise LocalCloudError(message)
    return process.pid


def stop(place: Place) -> int:
    """End the cloud at `place`, wait until its process is gone, and return the id it had.

    Raises LocalCloudError when none runs there, or when it does not end.
    """
    running = holder(place.pid_file)
    if not running:
        message = f"Expected a local cloud on port {place.port}, found none: `sluice local up` starts one."
        raise LocalCloudError(message)
    os.kill(running, signal.SIGTERM)
    if not _wait(lambda: holder(place.pid_file) != running, END_SECONDS):
        message = (
            f"Expected process {running} to end within {END_SECONDS:.0f} s, found it running: see"
            f" {place.log}."
        )
        raise LocalCloudError(message)
    return running


def wait_for_end(place: Place) -> None:
    """Wait until no cloud runs at `place` any more."""
    while holder(place.pid_file):
        time.sleep(0.2)


def control(place: Place, method: str, page: str, value: object = None) -> Any:
    """Call a page under /_sluice/ of the cloud at `place` and return its JSON."""
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(f"{place.endpoint}/_sluice/{page}", body, method=method)  # noqa: S310 - loopback
    # Not through the proxy that the environment may name: the cloud is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def _answers(place: Place) -> bool:
    try:
        return bool(control(place, "GET", "health")["status"] == "ready")
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            message = (
                f"Expected port {port} to be free, found it taken ({error.strerror}): choose another with"
                " --port."
            )
            raise LocalCloudError(message) from None


def _end_hint(place: Place) -> str:
    return f"`sluice local down --port {place.port}` ends it"


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
