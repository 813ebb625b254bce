"""Attempts as Docker containers: the command line that is made, and the real thing where there is an
engine.
"""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.batch.engine import Engine
from local.batch.ports import LogLine, StartFailedError, Task
from local.batch.runtime.docker_executor import DockerExecutor, create_arguments
from local.batch.runtime.processes import LOST
from scheduler.retry import Outcome
from tests.local.batch.conftest import ONE_CPU, QUICK, Desk, wait_for

# The tests look at all containers of one engine: one after the other.
pytestmark = pytest.mark.xdist_group("docker")

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


def test_a_task_becomes_a_container() -> None:
    """Each container property becomes the argument that AWS documents for it; values of variables stay out of
    sight.
    """
    arguments = create_arguments(task(container=_CONTAINER), "name")
    assert arguments == [
        *(
            "create",
            "--log-driver",
            "local",
            "--name",
            "name",
            "--network",
            "host",
            "--memory",
            "128m",
            "--env",
            "A",
        ),
        *(
            "--volume",
            "/srv:/data:ro",
            "--volume",
            "/scratch",
            "--ulimit",
            "nofile=10:20",
            "--user",
            "nobody",
        ),
        *("--privileged", "--read-only", "--init", "--shm-size", "64m"),
        *("--tmpfs", "/t:size=8m,noexec", "--device", "/dev/fuse:/dev/fuse", "img", "echo", "hi"),
    ]


def test_a_file_system_is_a_folder_that_jobs_share(tmp_path: Path) -> None:
    """A file system's folder and its access point have each a folder of their own on this machine; read-only
    stays read-only.
    """

    def mounted(system: dict[str, Any], **point: Any) -> str:
        volumes = [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1", **system}}]
        container = {
            "volumes": volumes,
            "mountPoints": [{"sourceVolume": "v", "containerPath": "/mnt", **point}],
        }
        arguments = create_arguments(task(container=container), "name", tmp_path)
        return arguments[arguments.index("--volume") + 1]

    assert mounted({}) == mounted({"rootDirectory": "/"}) == f"{tmp_path}/fs-1:/mnt"
    assert mounted({"rootDirectory": "/data"}, readOnly=True) == f"{tmp_path}/fs-1/data:/mnt:ro"
    assert (
        mounted({"authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"}})
        == f"{tmp_path}/fs-1/fsap-1:/mnt"
    )
    assert (tmp_path / "fs-1" / "fsap-1").is_dir()


def test_a_jobs_variables_do_not_reach_the_client() -> None:
    """A variable that the docker command line reads itself goes to the container by value, and leaves the
    client alone.
    """
    assert "DOCKER_HOST=tcp://elsewhere" in create_arguments(
        task(variables={"DOCKER_HOST": "tcp://elsewhere"}), "name"
    )


def test_the_client_finds_its_own_engine(fake: Callable[..., tuple[str, Path]], tmp_path: Path) -> None:
    """The client's environment is the one that the executor was given, whatever the job's variables say."""
    docker, _ = fake()
    Path(docker).write_text(
        f'#!/bin/sh\n[ "$1" = create ] && echo "$DOCKER_HOST" > {tmp_path}/host\nexit 0\n'
    )
    ends: list[Outcome] = []
    executor = DockerExecutor(lambda *_: None, docker=docker, environment={"DOCKER_HOST": "unix:///own"})
    try:
        executor.start(task(variables={"DOCKER_HOST": "tcp://elsewhere"}), ends.append)
        wait_for(lambda: bool(ends))
    finally:
        executor.close()
    assert (tmp_path / "host").read_text() == "unix:///own\n"


FAKE = """#!/bin/sh
echo "$*" >> {calls}
case "$1" in
  image) test "$3" = known ;;
  pull) test "$3" != missing || {{ echo "manifest unknown" >&2; exit 1; }} ;;
  create) test "$A" = secret; test "{state}" != "none" || {{ echo "no command specified" >&2; exit 1; }} ;;
  start) echo name; test "{state}" != "127 false" || {{ echo "no such file" >&2; exit 1; }} ;;
  logs) echo "from the container" ;;
  inspect) echo "{state}" ;;
esac
"""


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., tuple[str, Path]]:
    """Make a stand-in for docker that records its calls."""

    def make(state: str = "0 false") -> tuple[str, Path]:
        program, calls = tmp_path / "docker", tmp_path / "calls"
        program.write_text(FAKE.format(calls=calls, state=state))
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        return str(program), calls

    return make


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("0 false", Outcome(0)),
        ("3 false", Outcome(3)),
        ("125 false", Outcome(125)),
        ("137 true", Outcome(137, "OutOfMemoryError: Container killed due to memory usage")),
        ("", Outcome(None, LOST)),
    ],
)
def test_the_end_of_a_container(fake: Callable[..., tuple[str, Path]], state: str, outcome: Outcome) -> None:
    """Exit code, memory and a lost container differ; it is removed; its output alone is logged."""
    docker, calls = fake(state)
    lines: list[str] = []
    ends: list[Outcome] = []

    def log(_group: str, _stream: str, written: Any) -> None:
        lines.extend(line.text for line in written if isinstance(line, LogLine))

    executor = DockerExecutor(log, docker=docker)
    try:
        executor.start(task(), ends.append)
        wait_for(lambda: bool(ends))
    finally:
        executor.close()
    assert (ends, lines) == ([outcome], ["from the container"])
    assert calls.read_text().splitlines()[-1] == f"rm --force sluice-{'0' * 32}"
    assert "pull --quiet img" in calls.read_text()


@pytest.mark.parametrize(
    ("state", "reason", "exit_code"),
    [
        ("none", "CannotStartContainerError: no command specified", None),
        ("127 false", "CannotStartContainerError: no such file", 127),
    ],
)
def test_a_container_that_cannot_be_made_or_started(
    fake: Callable[..., tuple[str, Path]], state: str, reason: str, exit_code: int | None
) -> None:
    """The engine's words are the reason, and not in the log; nothing is left of it."""
    docker, calls = fake(state)
    logged: list[str] = []
    executor = DockerExecutor(lambda *written: logged.append(str(written)), docker=docker)
    try:
        with pytest.raises(StartFailedError) as failed:
            executor.start(task(), lambda _: None)
    finally:
        executor.close()
    assert (failed.value.reason, failed.value.exit_code) == (reason, exit_code)
    assert logged == []
    assert ("rm --force" in calls.read_text()) is (exit_code is not None)


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
    return (
        subprocess.run([docker, "image", "inspect", "busybox"], capture_output=True, check=False).returncode
        == 0
    )


@pytest.fixture
def boxed() -> Iterator[Desk]:
    """An engine over real containers, with a definition `boxed` whose command a test overrides."""
    if not engine_is_there():
        pytest.skip("needs a Docker engine with the image busybox")
    lines: list[tuple[str, str, str]] = []

    def log(group: str, stream: str, written: Any) -> None:
        lines.extend((group, stream, line.text) for line in written if isinstance(line, LogLine))

    with Engine(limits=QUICK, logs=log, executor=DockerExecutor(log)) as engine:
        desk = Desk(engine, [], lines)
        desk.define("boxed", ["true"], container={"image": "busybox"})
        yield desk


def run(desk: Desk, script: str, **more: Any) -> str:
    """Submit a shell script; the job's id."""
    return desk.submit(definition="boxed", containerOverrides={"command": ["sh", "-c", script]}, **more)


def test_a_job_runs_in_a_real_container(boxed: Desk) -> None:
    """A job's variables, output and exit code in a real container, which is gone afterwards."""
    job = run(boxed, "echo id $AWS_BATCH_JOB_ID; exit 4")
    container = boxed.until(job, "FAILED")["container"]
    assert container["exitCode"] == 4
    assert [text for *_, text in boxed.lines] == [f"id {job}"]
    listed = subprocess.run(
        ["docker", "ps", "--all", "--format", "{{.Names}}"], capture_output=True, check=True
    )
    assert container["logStreamName"].rpartition("/")[2] not in listed.stdout.decode()


def test_a_real_container_is_terminated(boxed: Desk) -> None:
    """A terminated job's container gets SIGTERM and ends."""
    job = run(boxed, "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
    wait_for(lambda: any(text == "ready" for *_, text in boxed.lines))
    boxed.batch.terminate_job(jobId=job, reason="enough")
    ended = boxed.until(job, "FAILED")
    assert (ended["statusReason"], ended["container"]["exitCode"]) == ("enough", 9)


def test_a_real_image_that_is_not_there(boxed: Desk) -> None:
    """An image that no registry has fails the job with CannotPullContainerError."""
    boxed.define("lost", ["true"], container={"image": "localhost:1/no/such:image"})
    job = boxed.until(boxed.submit(definition="lost"), "FAILED")
    assert job["container"]["reason"].startswith("CannotPullContainerError: ")


def test_a_real_command_that_is_not_there(boxed: Desk) -> None:
    """A command that the image lacks fails the start, with the runtime's words."""
    job = boxed.submit(definition="boxed", containerOverrides={"command": ["no-such-program"]})
    failed = boxed.until(job, "FAILED")
    assert failed["statusReason"] == "Task failed to start"
    assert failed["container"]["reason"].startswith("CannotStartContainerError: ")


def test_a_real_image_without_a_command(boxed: Desk) -> None:
    """It cannot be started, says the engine, and nothing is in the job's log."""
    made = subprocess.run(["docker", "create", "busybox", "x"], capture_output=True, check=True)
    container = made.stdout.decode().strip()
    layers = subprocess.run(["docker", "export", container], capture_output=True, check=True)
    subprocess.run(["docker", "import", "-", "bare"], input=layers.stdout, capture_output=True, check=True)
    subprocess.run(["docker", "rm", container], capture_output=True, check=True)
    boxed.define("bare", [], container={"image": "bare"})
    failed = boxed.until(boxed.submit(definition="bare"), "FAILED")
    assert failed["statusReason"] == "Task failed to start"
    assert failed["container"]["reason"].startswith("CannotStartContainerError: ")
    assert "exitCode" not in failed["container"]
    assert boxed.lines == []


def test_a_real_container_sees_its_mount_points(boxed: Desk, tmp_path: Path) -> None:
    """A host path is mounted where the definition says."""
    (tmp_path / "greeting").write_text("hello\n")
    volumes = [{"name": "data", "host": {"sourcePath": str(tmp_path)}}]
    points = [{"sourceVolume": "data", "containerPath": "/data", "readOnly": True}]
    more = {"image": "busybox", "volumes": volumes, "mountPoints": points}
    boxed.define("reader", ["sh", "-c", "cat /data/greeting; ! echo x > /data/other"], container=more)
    boxed.until(boxed.submit(definition="reader"), "SUCCEEDED")
    assert "hello" in [text for *_, text in boxed.lines]


def test_a_real_container_is_held_to_its_memory(boxed: Desk) -> None:
    """A container beyond its memory ends with exit code 137 and the reason OutOfMemoryError."""
    small = [ONE_CPU[0], {"type": "MEMORY", "value": "16"}]
    # One that the kernel ends within milliseconds of its start is not always marked: the engine begins to
    # watch its memory only once it runs (https://github.com/containerd/containerd/issues/8180).
    command = ["sh", "-c", "sleep 1; exec dd if=/dev/zero of=/dev/null bs=64M count=1"]
    overrides = {"command": command, "resourceRequirements": small}
    failed = boxed.until(
        boxed.submit(definition="boxed", containerOverrides=overrides), "FAILED", "SUCCEEDED"
    )
    if failed["status"] == "SUCCEEDED":
        pytest.skip("this Docker engine does not enforce memory limits")
    assert failed["container"]["exitCode"] == 137
    assert failed["container"]["reason"].startswith("OutOfMemoryError: ")
