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
from local.paths import REPOSITORY, LocalCloudPaths
from local.server.lock import holder

START_SECONDS = 30.0
END_SECONDS = 20.0
POLL_SECONDS = 0.02


def start(paths: LocalCloudPaths, executor: ExecutorName = PROCESS) -> int:
    """Start a cloud of `paths`, wait until it answers, and return its process id.

    Raises LocalCloudError when one runs there already, when something else has the port, when it does not
    start, and when jobs shall run in Docker and no engine answers.
    """
    running = holder(paths.pid_file)
    if running:
        message = (
            f"Expected no local cloud on port {paths.port}, found one (process {running}):"
            f" {_end_hint(paths)}."
        )
        raise LocalCloudError(message)
    _check_port(paths.port)
    check(executor)
    paths.state.mkdir(parents=True, exist_ok=True)
    with paths.log.open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [
                sys.executable,
                "-m",
                "local",
                "--port",
                str(paths.port),
                "--state",
                str(paths.state),
                "--executor",
                executor,
            ],
            cwd=paths.state,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C in the terminal is for the command, which then ends the cloud in order
            start_new_session=True,
        )
    _wait(lambda: _answers(paths) or process.poll() is not None, START_SECONDS)
    if process.poll() is not None or not _answers(paths):
        process.kill()
        message = (
            f"Expected the local cloud to start on port {paths.port}, found it ended or silent: see"
            f" {paths.log}."
        )
        raise LocalCloudError(message)
    return process.pid


def stop(paths: LocalCloudPaths) -> int:
    """End the cloud of `paths`, wait until its process is gone, and return the id it had.

    Raises LocalCloudError when none runs there, or when it does not end.
    """
    running = holder(paths.pid_file)
    if not running:
        message = f"Expected a local cloud on port {paths.port}, found none: `sluice local up` starts one."
        raise LocalCloudError(message)
    os.kill(running, signal.SIGTERM)
    if not _wait(lambda: holder(paths.pid_file) != running, END_SECONDS):
        message = (
            f"Expected process {running} to end within {END_SECONDS:.0f} s, found it running: see"
            f" {paths.log}."
        )
        raise LocalCloudError(message)
    return running


def wait_for_end(paths: LocalCloudPaths) -> None:
    """Wait until no cloud runs at `paths` any more."""
    while holder(paths.pid_file):
        time.sleep(0.2)


def control(paths: LocalCloudPaths, method: str, page: str, value: object = None) -> Any:
    """Call a page under /_sluice/ of the cloud of `paths` and return its JSON."""
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(f"{paths.endpoint}/_sluice/{page}", body, method=method)  # noqa: S310 - loopback
    # Not through the proxy that the environment may name: the cloud is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def _answers(paths: LocalCloudPaths) -> bool:
    try:
        return bool(control(paths, "GET", "health")["status"] == "ready")
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


def _end_hint(paths: LocalCloudPaths) -> str:
    return f"`sluice local down --port {paths.port}` ends it"


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
