"""`sluice local`."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import main
from local.paths import LocalCloudPaths
from local.secret_key import secret_key
from local.server.lock import holder
from tests.conftest import free_port


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalCloudPaths:
    """Where a cloud of this test would be."""
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path))
    return LocalCloudPaths.of(free_port())


@pytest.mark.parametrize("port", ["0", "80", "65536", "-1", "http", ""])
def test_bad_ports_are_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no port for a program without privileges is refused with what was expected."""
    with pytest.raises(SystemExit, match="2"):
        main(["local", "up", f"--port={port}"])
    assert "expected a port from 1024 to 65535" in capsys.readouterr().err


def test_down_says_that_nothing_runs(place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]) -> None:
    """`down` without a cloud fails and says so."""
    assert main(["local", "down", f"--port={place.port}"]) == 1
    assert f"Expected a local cloud on port {place.port}, found none" in capsys.readouterr().err


def test_env_prints_what_a_shell_takes(place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]) -> None:
    """`env` prints export lines for every variable that an AWS client needs, this cloud's own secret too."""
    assert main(["local", "env", f"--port={place.port}"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
        f"export AWS_ENDPOINT_URL=http://127.0.0.1:{place.port}",
        "export AWS_ACCESS_KEY_ID=000000000000",
        f"export AWS_SECRET_ACCESS_KEY={secret_key(place.secret_file)}",
        "export AWS_REGION=us-east-1",
        "export AWS_DEFAULT_REGION=us-east-1",
    ]


def test_up_and_down(place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]) -> None:
    """`up --detach` leaves a cloud that answers, a second `up` refuses, and `down` ends it."""
    up = ["local", "up", "--empty", "--detach", f"--port={place.port}"]
    assert main(up) == 0
    try:
        assert holder(place.pid_file)
        assert f"export AWS_ENDPOINT_URL={place.endpoint}" in capsys.readouterr().out
        assert main(up) == 1
        assert "found one" in capsys.readouterr().err
        assert holder(place.pid_file)
    finally:
        assert main(["local", "down", f"--port={place.port}"]) == 0
    assert holder(place.pid_file) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_ends_with_its_cloud(place: LocalCloudPaths, number: signal.Signals) -> None:
    """`up` stays until Ctrl-C, or until it gets a signal to end, and leaves no process behind."""
    command = [sys.executable, "-m", "cli.main", "local", "up", "--empty", f"--port={place.port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert any("Ctrl-C" in line for line in running.stdout or ())
        cloud = holder(place.pid_file)
        running.send_signal(number)
        assert running.wait(timeout=20) == 130
    assert cloud
    assert holder(place.pid_file) is None
