"""The clouds that run are those whose process holds its lock."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.main import main
from local.paths import LocalCloudPaths
from local.server.lock import hold
from local.server.running import running_ports


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the state of clouds that have ended, and of something else."""
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path))
    for name in ("local-4570", "local-notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cloud.pid").write_text("1")
    return tmp_path


def test_a_cloud_that_runs_is_found(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`sluice local env` is about the one that there is, else about the default port."""
    assert running_ports() == []
    assert main(["local", "env"]) == 0
    assert "127.0.0.1:4566" in capsys.readouterr().out
    with hold(LocalCloudPaths.of(4571).pid_file):
        assert running_ports() == [4571]
        assert main(["local", "env"]) == 0
        assert "127.0.0.1:4571" in capsys.readouterr().out


def test_one_of_several_must_be_chosen(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names their ports."""
    with ExitStack() as stack:
        for port in (4571, 4572):
            stack.enter_context(hold(LocalCloudPaths.of(port).pid_file))
        assert running_ports() == [4571, 4572]
        assert main(["local", "env"]) == 1
        assert "the ports 4571, 4572. --port PORT" in capsys.readouterr().err
        assert main(["local", "env", "--port", "4572"]) == 0
        assert "127.0.0.1:4572" in capsys.readouterr().out
