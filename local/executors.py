"""What runs the jobs of a local cloud: processes of this machine, or containers of a Docker engine."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from local.batch.ports import LogSink
from local.batch.runtime.docker_executor import DockerExecutor, client_environment
from local.errors import LocalCloudError

ExecutorName = Literal["process", "docker"]
PROCESS: ExecutorName = "process"
DOCKER: ExecutorName = "docker"
NAMES: tuple[ExecutorName, ...] = (PROCESS, DOCKER)
ANSWER_SECONDS = 20


def check(name: ExecutorName, caller: Mapping[str, str] | None = None) -> None:
    """Raise LocalCloudError where `name` is docker and no Docker engine answers in the environment `caller`
    (default: this).
    """
    if name != DOCKER:
        return
    environment = client_environment(os.environ if caller is None else caller)
    try:
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],  # noqa: S607 - the person's own docker
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_SECONDS,
        )
        said, answered = asked.stderr.strip(), asked.returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        said, answered = str(error), False
    if not answered:
        message = (
            "Expected a Docker engine that answers, for --executor docker, found none "
            f"({said or 'docker says nothing'}): start one, or leave the option out to run jobs as processes."
        )
        raise LocalCloudError(message)


def docker_executor(logs: LogSink, environment: Mapping[str, str], file_systems: Path) -> DockerExecutor:
    """Return what runs jobs in the Docker engine that the command line finds in `environment`."""
    return DockerExecutor(logs, environment=environment, file_systems=file_systems)
