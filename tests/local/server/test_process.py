"""Starting and ending a cloud's process."""

import os
import socket
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from local.server import process
from local.server.lock import holder
from tests.conftest import free_port


def test_a_cloud_ends_with_its_process(tmp_path: Path) -> None:
    """`stop` returns when the process is gone, and nothing listens any more."""
    paths = LocalCloudPaths(free_port(), tmp_path)
    pid = process.start(paths)
    assert process.control(paths, "GET", "health")["pid"] == pid == holder(paths.pid_file)
    assert process.stop(paths) == pid
    assert holder(paths.pid_file) is None
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", paths.port)) != 0


def test_a_running_cloud_is_not_started_again(cloud: LocalCloudPaths) -> None:
    """A second start says that one runs, and how to end it."""
    with pytest.raises(
        LocalCloudError, match=rf"found one \(process \d+\): `sluice local down --port {cloud.port}`"
    ):
        process.start(cloud)


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    """A port that something else listens on is named, with what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        paths = LocalCloudPaths(other.getsockname()[1], tmp_path)
        with pytest.raises(
            LocalCloudError, match=f"Expected port {paths.port} to be free.*another with --port"
        ):
            process.start(paths)


def test_stopping_nothing_is_an_error(tmp_path: Path) -> None:
    """`stop` says that no cloud runs there."""
    with pytest.raises(LocalCloudError, match="found none"):
        process.stop(LocalCloudPaths(free_port(), tmp_path))


def test_a_dead_process_id_counts_for_nothing(tmp_path: Path) -> None:
    """An id that a killed cloud left in its file counts for nothing, whichever process has that id now."""
    paths = LocalCloudPaths(free_port(), tmp_path)
    paths.pid_file.write_text(str(os.getpid()))
    with pytest.raises(LocalCloudError, match="found none"):
        process.stop(paths)
