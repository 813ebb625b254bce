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
from local.batch.runtime.processes import LOST, ProcessExecutor
from scheduler.retry import Outcome

log = logging.getLogger(__name__)

_PASSED_ON = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR")
_STATE = "{{.State.ExitCode}} {{.State.OOMKilled}}"
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
        """Pull the image where it is not here, make the container and start it; the returned function stops
        it.

        What the client itself says is never in the job's log: only the container's output is, which another
        client follows. Raises StartFailedError with the engine's words.
        """
        self._pull(task.image)
        name = f"sluice-{task.id}"
        self._names.add(name)
        self._create(task, name)
        self._start(name)

        def over(_: Outcome) -> None:
            threading.Thread(target=self._over, args=(name, ended), daemon=True).start()

        client = replace(
            task,
            argv=(self._docker, "logs", "--follow", name),
            environment=self._client,
            workdir=None,
            memory=_NO_LIMIT,
        )
        self._processes.start(client, over)
        return lambda: threading.Thread(target=self._stop, args=(name, task), daemon=True).start()

    def _create(self, task: Task, name: str) -> None:
        """Make the container. The variables' values are in the client's environment and not in its arguments,
        which others can see.
        """
        variables = {name: value for name, value in task.variables.items() if name not in _PASSED_ON}
        arguments = create_arguments(task, name, self._file_systems)
        created = self._call(*arguments, environment={**variables, **self._client})
        if created.returncode:
            self._names.discard(name)
            # An image without a command ends here: the ECS agent words it so too.
            raise StartFailedError(f"CannotStartContainerError: {_words(created)}")

    def _start(self, name: str) -> None:
        started = self._call("start", name)
        if started.returncode:
            exit_code, _ = self._ended(name)
            self._remove(name)
            raise StartFailedError(f"CannotStartContainerError: {_words(started)}", exit_code)

    def _ended(self, name: str) -> tuple[int | None, bool]:
        """Return a container's exit code, None when it is gone, and whether it was killed for its memory."""
        found = self._call("inspect", "--format", _STATE, name).stdout.decode().split()
        return (int(found[0]), found[1] == "true") if len(found) == 2 else (None, False)

    def _remove(self, name: str) -> None:
        self._call("rm", "--force", name)
        self._names.discard(name)

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

    def _over(self, name: str, ended: Callable[[Outcome], None]) -> None:
        """Report how a container has ended, which its log's end says; a lost engine leaves no exit code."""
        self._call("wait", name)
        exit_code, killed = self._ended(name)
        self._remove(name)
        reason = OUT_OF_MEMORY if killed else (LOST if exit_code is None else None)
        ended(Outcome(exit_code, reason))

    def _call(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - the program is docker, the arguments are ours
            [self._docker, *arguments],
            capture_output=True,
            check=False,
            env=self._client if environment is None else environment,
        )


def _words(refused: subprocess.CompletedProcess[bytes]) -> str:
    """Return what the engine said, without the client's hint at its help."""
    lines = refused.stderr.decode(errors="replace").strip().splitlines()
    said = [line for line in lines if line and not line.startswith(("See '", "Error: failed to start"))]
    return " ".join(said).removeprefix("docker: ") or f"exit code {refused.returncode}"


def create_arguments(task: Task, name: str, file_systems: Path = Path("file-systems")) -> list[str]:
    """What `docker create` is called with for a task.

    The mapping is AWS's: https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html.
    """
    container = task.container
    arguments = [
        "create",
        "--log-driver",
        "local",
        "--name",
        name,
        "--network",
        "host",
        "--memory",
        f"{task.memory}m",
    ]
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
    sources = {each.get("name", ""): _source(each, file_systems) for each in container.get("volumes", [])}
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
