"""Attempts as Docker containers: the command line that is made, and the real thing where there is an engine."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.batch.docker_executor import DockerExecutor, run_arguments
from local.batch.engine import Engine
from local.batch.ports import LogLine, StartFailedError, Task
from local.batch.retry import Outcome
from tests.local.batch.conftest import QUICK, Desk, wait_for

_CONTAINER: dict[str, Any] = {
    "volumes": [{"name": "data", "host": {"sourcePath": "/srv"}}, {"name": "scratch"}],
    "mountPoints": [
        {"sourceVolume": "data", "containerPath": "/data", "readOnly": True},
        {"sourceVolume": "scratch", "containerPath": "/scratch"},
    ],
    "ulimits": [{"name": "nofile", "softLimit": 10, "hardLimit": 20}],
    "user": "nobody",
    "privileged": True,
    "readonlyRootFilesystem": True,
    "linuxParameters": {
        "initProcessEnabled": True,
        "sharedMemorySize": 64,
        "tmpfs": [{"containerPath": "/t", "size": 8, "mountOptions": ["noexec"]}],
        "devices": [{"hostPath": "/dev/fuse"}],
    },
}


def task(**more: Any) -> Task:
    """A task of an image `img`."""
    fields: dict[str, Any] = {
        "id": "0" * 32,
        "argv": ("true",),
        "environment": {},
        "workdir": None,
        "log_group": "g",
        "log_stream": "s",
        "memory": 128,
        "image": "img",
        "command": ("echo", "hi"),
        "variables": {"A": "secret"},
        "container": {},
    }
    return Task(**{**fields, **more})


def test_a_task_becomes_a_docker_run() -> None:
    """Each container property becomes the argument that AWS documents for it; values of variables stay out of sight."""
    arguments = run_arguments(task(container=_CONTAINER), "name")
    assert arguments == [
        *("run", "--name", "name", "--network", "host", "--memory", "128m", "--env", "A"),
        *("--volume", "/srv:/data:ro", "--volume", "/scratch", "--ulimit", "nofile=10:20", "--user", "nobody"),
        *("--privileged", "--read-only", "--init", "--shm-size", "64m"),
        *("--tmpfs", "/t:size=8m,noexec", "--device", "/dev/fuse:/dev/fuse", "img", "echo", "hi"),
    ]


FAKE = """#!/bin/sh
echo "$*" >> {calls}
case "$1" in
  image) test "$3" = known ;;
  pull) test "$3" != missing || {{ echo "manifest unknown" >&2; exit 1; }} ;;
  run) echo "A is $A"; exit {code} ;;
  inspect) echo "{state}" ;;
esac
"""


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., tuple[str, Path]]:
    """Make a stand-in for docker that records its calls."""

    def make(code: int = 0, state: str = "false ") -> tuple[str, Path]:
        program, calls = tmp_path / "docker", tmp_path / "calls"
        program.write_text(FAKE.format(calls=calls, code=code, state=state))
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        return str(program), calls

    return make


@pytest.mark.parametrize(
    ("code", "state", "outcome"),
    [
        (0, "false ", Outcome(0)),
        (3, "false ", Outcome(3)),
        (137, "true ", Outcome(137, "OutOfMemoryError: Container killed due to memory usage")),
        (
            127,
            "false no such file",
            Outcome(127, "CannotStartContainerError: no such file", "Task failed to start"),
        ),
    ],
)
def test_the_end_of_a_container(fake: Callable[..., tuple[str, Path]], code: int, state: str, outcome: Outcome) -> None:
    """Exit code, memory and a failed start are told apart; the container is removed; output is told."""
    docker, calls = fake(code, state)
    lines: list[str] = []
    ends: list[Outcome] = []

    def log(_group: str, _stream: str, told: Any) -> None:
        lines.extend(line.text for line in told if isinstance(line, LogLine))

    executor = DockerExecutor(log, docker=docker)
    try:
        executor.start(task(), ends.append)
        wait_for(lambda: bool(ends))
    finally:
        executor.close()
    assert (ends, lines) == ([outcome], ["A is secret"])
    assert calls.read_text().splitlines()[-1] == f"rm --force sluice-{'0' * 32}"
    assert "pull --quiet img" in calls.read_text()


def test_an_image_that_cannot_be_pulled(fake: Callable[..., tuple[str, Path]]) -> None:
    """The engine's message is the reason, after CannotPullContainerError."""
    executor = DockerExecutor(lambda *_: None, docker=fake()[0])
    try:
        with pytest.raises(StartFailedError, match="CannotPullContainerError: manifest unknown"):
            executor.start(task(image="missing"), lambda _: None)
    finally:
        executor.close()


def engine_is_there() -> bool:
    """Whether a Docker engine answers and has an image that we can use."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    found = subprocess.run([docker, "images", "--format", "json"], capture_output=True, check=False)
    return found.returncode == 0 and any("busybox" in line for line in found.stdout.decode().splitlines())


@pytest.mark.skipif(not engine_is_there(), reason="needs a Docker engine with the image busybox")
def test_a_job_runs_in_a_real_container() -> None:
    """A job's output, exit code and memory limit in a real container."""
    lines: list[str] = []

    def log(_group: str, _stream: str, told: Any) -> None:
        lines.extend(line.text for line in told if isinstance(line, LogLine))

    with Engine(limits=QUICK, logs=log, executor=DockerExecutor(log)) as engine:
        desk = Desk(engine, [], [])
        script = 'echo "{\\"id\\": \\"$AWS_BATCH_JOB_ID\\"}"; exit 4'
        desk.define("boxed", ["sh", "-c", script], container={"image": "busybox"})
        job = desk.submit(definition="boxed")
        assert desk.until(job, "FAILED")["container"]["exitCode"] == 4
        assert json.loads(lines[0]) == {"id": job}
