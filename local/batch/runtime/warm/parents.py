"""The warm parents of an engine: which attempts can be forked, from which parent, and how it is asked."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from local.batch.ports import Task
from local.batch.runtime.spawn import Child
from local.batch.runtime.warm import wire

log = logging.getLogger(__name__)

MODULE = "warm"
"""What a program has, beside its other modules, that can be forked: see ``imports.imported``."""
START_VARIABLE = "SLUICE_LOCAL_START"
"""An image or a job whose value of this is ``cold`` is always started anew."""
COLD = "cold"
MAX_PARENTS = 8
READY_SECONDS = 3.0
"""Attempts wait no longer for the imports: they are started anew until the parent is ready."""
ANSWER_SECONDS = 30.0
_REPOSITORY = Path(__file__).parents[4]
_PROGRAM = (
    f"import sys; sys.path[0] = {str(_REPOSITORY)!r};"
    " from local.batch.runtime.warm.parent import main; main()"
)


class WarmParents:
    """Forks attempts from parents that have imported what they import, where that can be done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parents: dict[Hashable, _Parent] = {}
        self._closed = False

    def fork(self, task: Task, output: int) -> Child | None:
        """Return the child of an attempt, whose output goes to a descriptor; None where it must be started
        anew.
        """
        module = _program(task)
        if module is None:
            return None
        parent = self._parent(task, module)
        return parent.fork(task, output) if parent is not None else None

    def close(self) -> None:
        """End all parents; what they forked is ended before."""
        with self._lock:
            self._closed = True
            for parent in self._parents.values():
                parent.end()
            self._parents.clear()

    def _parent(self, task: Task, module: str) -> _Parent | None:
        words = task.argv[3:]
        named = words[0].partition(":")[0] if words else ""
        key = (task.argv[0], task.workdir, module, named, frozenset(task.shared.items()))
        with self._lock:
            if self._closed:
                return None
            parent = self._parents.pop(key, None)
            if parent is None:
                self._make_room()
                parent = _Parent(task, module)
            self._parents[key] = parent  # the one that was used last stands last
        return parent

    def _make_room(self) -> None:
        """End the parents that were not used for longest; not those whose children are still there."""
        idle = [key for key, parent in self._parents.items() if not parent.children]
        for key in idle[: max(0, len(self._parents) - MAX_PARENTS + 1)]:
            self._parents.pop(key).end()


def _program(task: Task) -> str | None:
    """Return the module that an attempt runs in its image, if it can be forked."""
    if task.workdir is None or len(task.argv) < 3 or task.argv[1] != "-m":
        return None
    if task.environment.get(START_VARIABLE) == COLD or not sys.platform.startswith("linux"):
        return None
    module = task.argv[2]
    return module if any(_has_warm(folder, module) for folder in _folders(task, task.workdir)) else None


def _folders(task: Task, workdir: Path) -> Iterator[Path]:
    """Yield where `python -m` looks for an image's own modules: where it is started, then along PYTHONPATH.

    https://docs.python.org/3/library/sys_path_init.html
    """
    yield workdir
    path = task.environment.get("PYTHONPATH", "")
    yield from (workdir / folder for folder in path.split(os.pathsep) if folder)


def _has_warm(folder: Path, module: str) -> bool:
    package = folder.joinpath(*module.split("."))
    return any(path.exists() for path in (package / f"{MODULE}.py", package / MODULE / "__init__.py"))


class _Parent:
    """One parent. It is cold once it has said that it must not fork, or is gone."""

    def __init__(self, task: Task, module: str) -> None:
        self.children: set[int] = set()
        self._lock = threading.Lock()
        self._module = module
        self._is_ready = self._is_cold = False
        self._ready_by = time.monotonic() + READY_SECONDS
        self._connection, theirs = socket.socketpair()
        command = [task.argv[0], "-c", _PROGRAM, str(theirs.fileno()), module, *task.argv[3:]]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the image's own program
                command,
                cwd=task.workdir,
                env=task.shared,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        finally:
            theirs.close()

    def fork(self, task: Task, output: int) -> Child | None:
        """Return a child that is ready, None where there cannot be one."""
        with self._lock:
            if self._is_cold or not (self._is_ready or self._becomes_ready()):
                return None
            request = {"environment": dict(task.environment), "words": list(task.argv[3:])}
            answer = self._ask(request, [output])
            if "pid" not in answer:
                log.info("Started anew: %s, %s", " ".join(task.argv[2:]), answer.get("cold"))
                return None
            self.children.add(answer["pid"])
        return _Forked(answer["pid"], self)

    def reap(self, pid: int) -> int | None:
        """Return the exit code of a child when it has ended, or minus the signal that it died of; None where
        this process is gone, and with it what the child ended with.
        """
        with self._lock:
            answer = self._ask({"reap": pid})
            self.children.discard(pid)
        return os.waitstatus_to_exitcode(answer["status"]) if "status" in answer else None

    def end(self) -> None:
        """End the process."""
        self._is_cold = True
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def _becomes_ready(self) -> bool:
        self._connection.settimeout(max(0.001, self._ready_by - time.monotonic()))
        try:
            answer = wire.receive(self._connection)
        except TimeoutError:
            return False
        except OSError:
            answer = None
        self._connection.settimeout(ANSWER_SECONDS)
        message = answer[0] if answer else {"cold": "the parent has ended"}
        self._is_ready = "ready" in message
        if not self._is_ready:
            self._give_up(message)
        return self._is_ready

    def _ask(self, request: dict[str, Any], descriptors: list[int] | None = None) -> dict[str, Any]:
        try:
            wire.send(self._connection, request, descriptors or [])
            answer = wire.receive(self._connection)
        except OSError:
            answer = None
        if answer is None:
            self._give_up({"cold": "the parent has ended"})
            return {}
        return answer[0]

    def _give_up(self, message: dict[str, Any]) -> None:
        self._is_cold = True
        log.info("Jobs of %s are started anew: %s", self._module, message.get("cold"))
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0)


class _Forked:
    """A child of a parent."""

    def __init__(self, pid: int, parent: _Parent) -> None:
        self.pid = pid
        self._parent = parent

    def wait(self) -> int | None:
        """Wait for its end: its exit code, or minus the signal that it died of; None where nobody knows."""
        return self._parent.reap(self.pid)
