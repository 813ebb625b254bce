"""Starting processes, by the C library's posix_spawn and by subprocess where that is not to be had."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from local.batch.runtime import spawn as module
from local.batch.runtime.spawn import spawn

_REPORT = """
import json, os, signal, sys
print(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "A": os.environ.get("A"), "stdin": sys.stdin.read(),
    "session": os.getsid(0) == os.getpid(), "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd")),
    "ignored": int(next(l for l in open("/proc/self/status") if l.startswith("SigIgn")).split()[1], 16),
}), file=sys.stderr)
"""


@pytest.fixture(params=["posix_spawn", "subprocess"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs both ways, where this machine's C library has the first."""
    if request.param == "subprocess":
        monkeypatch.setattr(module, "_library", lambda: None)
    elif module._library() is None:
        pytest.skip("this C library has no posix_spawn_file_actions_addclosefrom_np (glibc 2.34)")


def run(
    program: str, *arguments: str, environment: dict[str, str] | None = None, workdir: Path | None = None
) -> tuple[int | None, str]:
    """The exit code of a program and all that it wrote."""
    out, into = os.pipe()
    with os.fdopen(out) as text:
        try:
            child = spawn(program, (program, *arguments), environment or {}, workdir, into)
        finally:
            os.close(into)
        return child.wait(), text.read()


def report(**more: Any) -> dict[str, Any]:
    """What a process says of itself."""
    code, said = run(sys.executable, "-S", "-c", _REPORT, "one", "zwei ü", **more)
    assert code == 0, said
    found: dict[str, Any] = json.loads(said)
    return found


def test_a_process_gets_its_arguments_environment_and_folder(tmp_path: Path) -> None:
    """Arguments and variables arrive as they are, the working directory is the one asked for, and there is no
    input.
    """
    found = report(environment={"A": "x=y", "PYTHONUTF8": "1"}, workdir=tmp_path)
    assert (found["argv"], found["A"], found["cwd"]) == (["one", "zwei ü"], "x=y", str(tmp_path.resolve()))
    assert found["stdin"] == ""


def test_a_process_inherits_nothing() -> None:
    """It leads a session of its own, has default signals, and no descriptor beyond the first three."""
    left = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(left, True)
    try:
        found = report()
    finally:
        os.close(left)
    assert found["session"]
    # 3 is the folder that it lists.
    assert found["fds"] == [0, 1, 2, 3]
    sigxfsz = 1 << (signal.SIGXFSZ - 1)
    code, said = run("/bin/sh", "-c", "grep SigIgn /proc/self/status")
    assert code == 0
    assert int(said.split()[1], 16) & (sigxfsz | 1 << (signal.SIGPIPE - 1)) == 0


def test_the_end_of_a_process() -> None:
    """Its exit code, or minus the signal that it died of."""
    assert run("/bin/sh", "-c", "echo out; exit 7") == (7, "out\n")
    assert run("/bin/sh", "-c", "kill -9 $$")[0] == -signal.SIGKILL


def test_what_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    """A program or a folder that is not there, and a file that is no program, each with the system's
    error.
    """
    with pytest.raises(FileNotFoundError):
        run(str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        run("/bin/sh", workdir=tmp_path / "none")
    plain = tmp_path / "plain"
    plain.write_text("x")
    with pytest.raises(PermissionError):
        run(str(plain))


@pytest.mark.parametrize("environment", [{"A": "a\0b"}, {"A=B": "c"}])
def test_variables_that_no_process_can_have_are_refused(environment: dict[str, str]) -> None:
    """A zero byte in a value, or `=` in a name, would change what the process sees."""
    with pytest.raises(ValueError, match=r"zero byte|null byte|variable"):
        run("/bin/true", environment=environment)
