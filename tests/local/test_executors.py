"""What runs the jobs of a local cloud: the option, and real containers where there is a Docker engine."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import main
from local.deployment import cdk
from local.errors import LocalCloudError
from local.executors import check
from local.images import docker
from local.paths import LocalCloudPaths
from local.server import process
from local.server.lock import holder
from local.server.process import control
from tests.conftest import free_port
from tests.local.batch.runtime.test_docker_executor import engine_is_there
from tests.local.server.test_batch_service import new_queue

FAKE = """#!/bin/sh
echo "$*" >> "$FAKE_CALLS"
case "$1" in version) echo 20.10 ;; inspect) echo "0 false" ;; esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in for the docker command line first on the PATH, and return the file with what it was
    called with.
    """
    program, calls = tmp_path / "bin" / "docker", tmp_path / "calls"
    program.parent.mkdir()
    program.write_text(FAKE.replace("$FAKE_CALLS", str(calls)))
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return calls


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no Docker engine answer."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path))


def test_without_an_engine_up_says_what_to_do(no_engine: None, capsys: pytest.CaptureFixture[str]) -> None:
    """`--executor docker` without an engine that answers starts nothing, and says what was expected."""
    port = free_port()
    assert main(["local", "up", "--empty", "--detach", "--executor", "docker", f"--port={port}"]) == 1
    said = capsys.readouterr().err
    assert "Expected a Docker engine that answers, for --executor docker, found none" in said
    assert "leave the option out to run jobs as processes" in said
    assert holder(LocalCloudPaths.of(port).pid_file) is None


def test_processes_need_no_engine(no_engine: None) -> None:
    """The default asks for no Docker; without a docker program the message says so too."""
    check("process")
    with pytest.raises(LocalCloudError, match="No such file"):
        check("docker", {"PATH": "/nowhere"})


def test_an_unknown_executor_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The option takes two names."""
    with pytest.raises(SystemExit, match="2"):
        main(["local", "up", "--executor", "podman"])
    assert "invalid choice: 'podman'" in capsys.readouterr().err


def test_the_option_reaches_the_cloud_and_its_jobs(calls: Path, tmp_path: Path) -> None:
    """A cloud that was started with `docker` says so, and hands its jobs to the docker command line."""
    paths = LocalCloudPaths(free_port(), tmp_path / "state")
    process.start(paths, "docker")
    try:
        assert control(paths, "GET", "health")["executor"] == "docker"
        queue = new_queue(paths)
        assert queue.run(queue.define("echo", "hi", image="img"))["status"] == "SUCCEEDED"
    finally:
        process.stop(paths)
    (run,) = [line for line in calls.read_text().splitlines() if line.startswith("create ")]
    assert "--network host" in run
    assert run.endswith("img echo hi")


def test_images_are_built_by_the_real_docker(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where jobs run in Docker, docker builds and tags what the CDK asks for; it logs in nowhere and pushes
    nothing.
    """
    monkeypatch.setenv(docker.EXECUTOR, "docker")
    monkeypatch.setenv(docker.IMAGES, str(tmp_path / "images"))
    build = ["build", "--tag", "x", "--platform", "linux/amd64", "."]
    for arguments in (build, ["tag", "x", "uri"], ["inspect", "x"], ["push", "uri"]):
        assert docker.main(arguments) == 0
    assert calls.read_text().splitlines() == [
        " ".join(build),
        "tag x uri",
        "inspect x",
        "image inspect --format {{.Id}} uri",
    ]


@pytest.fixture
def contained(tmp_path: Path) -> Iterator[LocalCloudPaths]:
    """A cloud whose jobs run in containers."""
    if not engine_is_there():
        pytest.skip("needs a Docker engine with the image busybox")
    paths = LocalCloudPaths(free_port(), tmp_path)
    process.start(paths, "docker")
    yield paths
    process.stop(paths)


@pytest.mark.xdist_group("docker")
def test_a_cloud_runs_a_job_in_a_container(contained: LocalCloudPaths, tmp_path: Path) -> None:
    """A job of a plain image runs in a container, which sees its own files, and its output is in CloudWatch
    Logs.
    """
    queue = new_queue(contained)
    job = queue.run(queue.define("sh", "-c", f"test ! -e {tmp_path} && echo in a container", image="busybox"))
    assert job["status"] == "SUCCEEDED"
    assert queue.printed(job) == ["in a container"]


@pytest.mark.xdist_group("docker")
def test_a_cloud_runs_an_image_that_was_built_for_it(
    contained: LocalCloudPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that is built, tagged and pushed as the CDK does it runs under the URI of the account's
    registry.
    """
    context, uri = tmp_path / "context", "000000000000.dkr.ecr.us-east-1.amazonaws.com/assets:test"
    context.mkdir()
    (context / "greeting").write_text("built\n")
    (context / "Dockerfile").write_text('FROM busybox\nCOPY greeting /greeting\nENTRYPOINT ["cat"]\n')
    monkeypatch.setenv(docker.EXECUTOR, "docker")
    program = str(cdk.docker_program(contained))
    for arguments in (
        ["build", "--tag", "sluice-test", str(context)],
        ["tag", "sluice-test", uri],
        ["push", uri],
    ):
        subprocess.run([program, *arguments], check=True)
    queue = new_queue(contained)
    try:
        assert queue.printed(queue.run(queue.define("/greeting", image=uri))) == ["built"]
    finally:
        subprocess.run(["docker", "rmi", "--force", uri, "sluice-test"], check=True)
