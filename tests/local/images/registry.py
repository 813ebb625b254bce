"""A registry of images on this machine: Debian's docker-registry."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.e2e.application import wait_for
from tests.local.batch.runtime.test_docker_executor import engine_is_there

_CONFIG = """
version: 0.1
storage: {filesystem: {rootdirectory: %s}}
http: {addr: "127.0.0.1:%d"}
"""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Yield the address of an empty registry that keeps what it is sent in a folder; skip without one."""
    program = shutil.which("docker-registry")
    if program is None or not engine_is_there():
        pytest.skip("needs docker-registry and a Docker engine with the image busybox")
    port = free_port()
    address = f"localhost:{port}"
    config = folder / "config.yml"
    config.write_text(_CONFIG % (folder / "registry", port))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
    try:
        wait_for(lambda: _answers(address) or process.poll() is not None, "the registry")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def stored(folder: Path) -> int:
    """Return how many bytes the registry in a folder keeps."""
    return sum(path.stat().st_size for path in (folder / "registry").rglob("*") if path.is_file())


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/v2/") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
