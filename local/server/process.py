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

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import environment
from local.errors import LocalCloudError
from local.executors import PROCESS, ExecutorName, check
from local.paths import ACCOUNT, REGION, LocalCloudPaths
from local.secret_key import FILE_MODE, private_folder, secret_key
from local.server.lock import holder

START_SECONDS = 30.0
END_SECONDS = 20.0
POLL_SECONDS = 0.02
PAGES_SERVICE = "sluice"  # the name of the service that requests to the pages are signed for


def start(paths: LocalCloudPaths, executor: ExecutorName = PROCESS, module: str = "local") -> int:
    """Start a cloud of `paths`, wait until it answers, and return its process id. `module` is what it runs.

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
    for folder in (paths.state, paths.images):
        private_folder(folder)
    secret_key(paths.secret_file)
    with open(paths.log, "w", opener=_private) as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [
                sys.executable,
                "-m",
                module,
                "--port",
                str(paths.port),
                "--state",
                str(paths.state),
                "--executor",
                executor,
            ],
            cwd=paths.state,
            env=environment.of_server(os.environ),
            umask=0o077,
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
    """Call a page under /_sluice/ of the cloud of `paths` as its administrator and return its JSON."""
    body = None if value is None else json.dumps(value).encode()
    signed = AWSRequest(method, f"{paths.endpoint}/_sluice/{page}", data=body)
    key = Credentials(ACCOUNT, secret_key(paths.secret_file))
    SigV4Auth(key, PAGES_SERVICE, REGION).add_auth(signed)
    request = urllib.request.Request(str(signed.url), body, dict(signed.headers), method=method)  # noqa: S310 - loopback
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


def _private(path: str, flags: int) -> int:
    """Open a file that only this user may read, whatever its mode was."""
    descriptor = os.open(path, flags, FILE_MODE)
    os.fchmod(descriptor, FILE_MODE)
    return descriptor


def _end_hint(paths: LocalCloudPaths) -> str:
    return f"`sluice local down --port {paths.port}` ends it"


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
