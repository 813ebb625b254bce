"""Attempts as Docker containers, over the docker command line.

The containers share this machine's network, so that they reach the local cloud at its loopback address.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.batch.ports import Clock, LogSink, StartFailedError, Task, wall_clock
from local.batch.runtime.memory import OUT_OF_MEMORY
from local.batch.runtime.processes import ProcessExecutor
from scheduler.reasons import START_FAILED
from scheduler.retry import Outcome

log = logging.getLogger(__name__)

_PASSED_ON = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR")
# What `docker run` exits with when the container cannot be created, when its command cannot be invoked, and
# when there is no such command: https://docs.docker.com/reference/cli/docker/container/run/#exit-status.
_NOT_STARTED = {125, 126, 127}
_NO_LIMIT = 1 << 40


class DockerExecutor:
    """Runs each attempt as a container of its own, and removes it at its end.

    Give the engine no Images port of its own with it: here the Docker engine knows the images, and pulls
    them.
    """

    def __init__(
        self,
        logs: LogSink,
        *,
        docker: str = "docker",
        clock: Clock = wall_clock,
        environment: Mapping[str, str] | None = None,
        file_systems: Path = Path("file-systems"),
    ) -> None:
        """`environment` says where the engine is, by DOCKER_HOST and its like; this process's own unless
        given.

        `file_systems` is where a folder stands for each file system of Amazon EFS that a job mounts.
        """
        self._docker = docker
        self._file_systems = file_systems
        self._client = client_environment(os.environ if environment is None else environment)
        self._processes = ProcessExecutor(logs, clock=clock)
        self._pulled: set[str] = set()
        self._names: set[str] = set()

    def start(self, task: Task, ended: Callable[[Outcome], None]) -> Callable[[], None]:
        """Pull the image where it is not here, and run the attempt; the returned function stops the
        container.
        """
        self._pull(task.image)
        name = f"sluice-{task.id}"
        self._names.add(name)

        def over(outcome: Outcome) -> None:
            threading.Thread(target=self._over, args=(name, outcome, ended), daemon=True).start()

        client = replace(
            task,
            argv=(self._docker, *run_arguments(task, name, self._file_systems)),
            # The variables' values are in the client's environment and not in its arguments, which others can
            # see.
            environment={
                **{name: value for name, value in task.variables.items() if name not in _PASSED_ON},
                **self._client,
            },
            workdir=None,
            memory=_NO_LIMIT,
        )
        self._processes.start(client, over)
        return lambda: threading.Thread(target=self._stop, args=(name, task), daemon=True).start()

    def close(self) -> None:
        """Remove every container that is still there."""
        for name in sorted(self._names):
            self._call("rm", "--force", name)
        self._processes.close()

    def _pull(self, image: str) -> None:
        if image in self._pulled:
            return
        if self._call("image", "inspect", image).returncode:
            pulled = self._call("pull", "--quiet", image)
            if pulled.returncode:
                raise StartFailedError(f"CannotPullContainerError: {pulled.stderr.decode().strip()}")
        self._pulled.add(image)

    def _stop(self, name: str, task: Task) -> None:
        self._call("stop", "--time", str(int(task.stop_seconds)), name)

    def _over(self, name: str, outcome: Outcome, ended: Callable[[Outcome], None]) -> None:
        state = (
            self._call("inspect", "--format", "{{.State.OOMKilled}} {{.State.Error}}", name)
            .stdout.decode()
            .strip()
        )
        killed, _, error = state.partition(" ")
        if killed == "true":
            outcome = Outcome(137, OUT_OF_MEMORY)
        elif outcome.exit_code in _NOT_STARTED and error:
            outcome = Outcome(outcome.exit_code, f"CannotStartContainerError: {error}", START_FAILED)
        self._call("rm", "--force", name)
        self._names.discard(name)
        ended(outcome)

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - the program is docker, the arguments are ours
            [self._docker, *arguments], capture_output=True, check=False, env=self._client
        )


def run_arguments(task: Task, name: str, file_systems: Path = Path("file-systems")) -> list[str]:
    """What `docker run` is called with for a task.

    The mapping is AWS's: https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html.
    """
    container = task.container
    arguments = ["run", "--name", name, "--network", "host", "--memory", f"{task.memory}m"]
    arguments += [
        part for name, value in task.variables.items() for part in ("--env", _variable(name, value))
    ]
    arguments += [part for mount in _mounts(container, file_systems) for part in ("--volume", mount)]
    for limit in container.get("ulimits", []):
        arguments += ["--ulimit", f"{limit['name']}={limit['softLimit']}:{limit['hardLimit']}"]
    if container.get("user"):
        arguments += ["--user", container["user"]]
    if container.get("privileged"):
        arguments.append("--privileged")
    if container.get("readonlyRootFilesystem"):
        arguments.append("--read-only")
    return [*arguments, *_linux(container.get("linuxParameters", {})), task.image, *task.command]


def _mounts(container: dict[str, Any], file_systems: Path) -> list[str]:
    """Mount points; a volume without a path on the host is an anonymous one."""
    sources = {each["name"]: _source(each, file_systems) for each in container.get("volumes", [])}
    mounts = []
    for point in container.get("mountPoints", []):
        source = sources.get(point.get("sourceVolume", ""))
        mount = f"{source}:{point['containerPath']}" if source else str(point["containerPath"])
        mounts.append(f"{mount}:ro" if source and point.get("readOnly") else mount)
    return mounts


def _source(volume: dict[str, Any], file_systems: Path) -> str | None:
    """What is mounted: a folder of the host, or one that stands for a file system's folder or access
    point.
    """
    system = volume.get("efsVolumeConfiguration")
    if system is None:
        found: str | None = volume.get("host", {}).get("sourcePath")
        return found
    point = system.get("authorizationConfig", {}).get("accessPointId")
    folder = (
        file_systems.resolve()
        / system["fileSystemId"]
        / (point or system.get("rootDirectory", "/").strip("/"))
    )
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def _linux(parameters: dict[str, Any]) -> Sequence[str]:
    arguments = ["--init"] if parameters.get("initProcessEnabled") else []
    if "sharedMemorySize" in parameters:
        arguments += ["--shm-size", f"{parameters['sharedMemorySize']}m"]
    for mount in parameters.get("tmpfs", []):
        options = ",".join([f"size={mount['size']}m", *mount.get("mountOptions", [])])
        arguments += ["--tmpfs", f"{mount['containerPath']}:{options}"]
    for device in parameters.get("devices", []):
        arguments += ["--device", f"{device['hostPath']}:{device.get('containerPath', device['hostPath'])}"]
    return arguments


def _variable(name: str, value: str) -> str:
    """A variable of the container: by its name, or with its value where the client reads that name itself."""
    return f"{name}={value}" if name in _PASSED_ON else name


def client_environment(caller: Mapping[str, str]) -> dict[str, str]:
    """What the docker command line needs of an environment `caller`."""
    return {name: caller[name] for name in _PASSED_ON if name in caller}
