"""Starting and ending a cloud's process."""

import os
import socket
from pathlib import Path

import pytest

from local import environment
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


KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIACALLER",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-caller",
    "AWS_SESSION_TOKEN": "token-of-the-caller",
    "AWS_PROFILE": "profile-of-the-caller",
    "GITHUB_TOKEN": "another-of-the-caller",
}


@pytest.mark.parametrize("directly", [False, True], ids=["sluice local up", "python -m local"])
def test_the_callers_keys_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, directly: bool
) -> None:
    """What a process was started with can be read by all that it starts; nothing of the caller's is there."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    paths = LocalCloudPaths(free_port(), tmp_path / "cloud")
    if directly:
        given = {**environment.of_server(os.environ), **KEYS}
        monkeypatch.setattr(environment, "of_server", lambda caller: given)
    process.start(paths)
    try:
        pid = process.control(paths, "GET", "health")["pid"]
        seen = Path(f"/proc/{pid}/environ").read_text()
        assert "PATH=" in seen
        assert not [value for value in KEYS.values() if value in seen]
    finally:
        process.stop(paths)


def test_only_its_user_can_read_what_it_keeps(tmp_path: Path) -> None:
    """State, log, images and all below them, whatever the caller's umask and the folder's mode were."""
    paths = LocalCloudPaths(free_port(), tmp_path / "cloud")
    paths.state.mkdir(mode=0o755)
    paths.log.write_text("of an earlier cloud")
    paths.log.chmod(0o644)
    before = os.umask(0)
    try:
        process.start(paths)
        process.stop(paths)
    finally:
        os.umask(before)
    open_to_others = [path for path in (paths.state, *paths.state.rglob("*")) if path.stat().st_mode & 0o077]
    assert open_to_others == []
    assert paths.images.is_dir()
