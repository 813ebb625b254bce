"""Attempts as processes of this machine: one thread reads all output and notices all ends."""

from __future__ import annotations

import errno
import logging
import os
import selectors
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count

from local.batch.ports import Clock, LogLine, LogSink, StartFailedError, Task, wall_clock
from local.batch.runtime.memory import OUT_OF_MEMORY, exceeds, largest_of
from local.batch.runtime.spawn import Child, spawn
from local.batch.runtime.warm.parents import WarmParents
from scheduler.retry import Outcome

log = logging.getLogger(__name__)

_CHUNK = 1 << 16
LOST = "CannotInspectContainerError: the container is gone"
"""As the ECS agent words it; without an exit code."""
_MEMORY_SECONDS = 0.2


class Running:
    """A process of an attempt, with what is left of its last line."""

    def __init__(self, task: Task, process: Child, pipe: int, ended: Callable[[Outcome], None]):
        self.task = task
        self.process = process
        self.pipe = pipe
        self.ended = ended
        self.rest = b""
        self.pidfd = exit_fd(process)
        self.out_of_memory = False

    def signal_group(self, number: int) -> None:
        """Signal the process with all its descendants, which share its process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def exit_fd(process: Child) -> int:
    """A descriptor that becomes readable when a process ends: Linux has one, elsewhere a thread makes one."""
    if hasattr(os, "pidfd_open"):
        return os.pidfd_open(process.pid)
    out, into = os.pipe()

    def wait() -> None:
        process.wait()
        os.close(into)

    threading.Thread(target=wait, name="batch-wait", daemon=True).start()
    return out


class ProcessExecutor:
    """Starts each attempt as a process in a session of its own; what it started it also ends."""

    def __init__(self, logs: LogSink, *, clock: Clock = wall_clock) -> None:
        self._logs = logs
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_in, False)
        self._selector.register(self._wake_out, selectors.EVENT_READ, None)
        self._inbox: deque[Callable[[], None]] = deque()
        self._running: dict[int, Running] = {}
        self._kills: list[tuple[float, int, Running]] = []
        self._numbers = count()
        self._memory_checked = 0.0
        self._found: dict[tuple[str, str], str] = {}
        self._closing = False
        self._parents = WarmParents()
        self._thread = threading.Thread(target=self._loop, name="batch-processes", daemon=True)
        self._thread.start()

    def start(self, task: Task, ended: Callable[[Outcome], None]) -> Callable[[], None]:
        """Start an attempt; the returned function asks it to stop, and kills it when it does not."""
        if not task.argv:
            raise StartFailedError("CannotStartContainerError: No command specified")
        out, into = os.pipe()
        try:
            process = self._parents.fork(task, into) or spawn(
                self._executable(task), task.argv, task.environment, task.workdir, into
            )
        except OSError as error:
            os.close(out)
            raise _cannot_start(task, error) from error
        except ValueError:
            os.close(out)
            raise
        finally:
            os.close(into)
        os.set_blocking(out, False)
        running = Running(task, process, out, ended)
        self._log(running, [])
        self._call(lambda: self._watch(running))
        return lambda: self._call(lambda: self._stop(running))

    def _executable(self, task: Task) -> str:
        """Where the program is; found once, since a search over the PATH is half of the cost of a start."""
        name, path = task.argv[0], task.environment.get("PATH", os.defpath)
        if os.sep in name:
            return name
        found = self._found.get((name, path)) or shutil.which(name, path=path)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "executable file not found in $PATH", name)
        self._found[name, path] = found
        return found

    def close(self) -> None:
        """Kill every process that is still running, by its id, and end the thread."""
        self._closing = True
        self._call(lambda: None)
        self._thread.join()
        for running in list(self._running.values()):
            running.signal_group(signal.SIGKILL)
            running.process.wait()
            self._forget(running)
        self._parents.close()
        self._selector.close()
        os.close(self._wake_out)
        os.close(self._wake_in)

    def _call(self, act: Callable[[], None]) -> None:
        self._inbox.append(act)
        with suppress(BlockingIOError, OSError):
            os.write(self._wake_in, b"!")

    def _loop(self) -> None:
        while not self._closing:
            try:
                self._turn()
            except Exception:
                # One broken process must not leave all others without their reader.
                log.exception("A turn of the process executor failed: please report it")

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._timeout()):
            self._attend(key.fd, key.data)
        while self._inbox:
            self._inbox.popleft()()
        self._kill_overdue()
        self._watch_memory()

    def _attend(self, fd: int, running: Running | None) -> None:
        if running is None:
            os.read(fd, _CHUNK)
        elif running.pidfd not in self._running:
            return
        elif fd == running.pidfd:
            self._finish(running)
        else:
            self._read(running)

    def _watch(self, running: Running) -> None:
        self._running[running.pidfd] = running
        self._selector.register(running.pidfd, selectors.EVENT_READ, running)
        self._selector.register(running.pipe, selectors.EVENT_READ, running)

    def _read(self, running: Running) -> bool:
        """Pass on what has been written; whether there may be more."""
        try:
            chunk = os.read(running.pipe, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            with suppress(KeyError):
                self._selector.unregister(running.pipe)
            return False
        *lines, running.rest = (running.rest + chunk).split(b"\n")
        if lines:
            self._log(running, lines)
        return True

    def _finish(self, running: Running) -> None:
        # The container is gone when its first process is; so nothing of the process group survives.
        running.signal_group(signal.SIGKILL)
        while self._read(running):
            pass
        if running.rest:
            self._log(running, [running.rest])
        code = running.process.wait()
        self._forget(running)
        if code is None:
            running.ended(Outcome(None, LOST))
            return
        reason = OUT_OF_MEMORY if running.out_of_memory else None
        running.ended(Outcome(code if code >= 0 else 128 - code, reason))

    def _forget(self, running: Running) -> None:
        self._running.pop(running.pidfd, None)
        for fd in (running.pidfd, running.pipe):
            with suppress(KeyError):
                self._selector.unregister(fd)
            os.close(fd)

    def _log(self, running: Running, lines: list[bytes]) -> None:
        now = self._clock()
        log_lines = [LogLine(now, line.rstrip(b"\r").decode(errors="replace")) for line in lines]
        try:
            self._logs(running.task.log_group, running.task.log_stream, log_lines)
        except Exception:
            log.exception("The log sink refused %d lines of %s", len(log_lines), running.task.log_stream)

    def _stop(self, running: Running) -> None:
        if self._running.get(running.pidfd) is not running:
            return
        running.signal_group(signal.SIGTERM)
        heappush(self._kills, (time.monotonic() + running.task.stop_seconds, next(self._numbers), running))

    def _timeout(self) -> float | None:
        until = [self._kills[0][0]] if self._kills else []
        if self._running:
            until.append(self._memory_checked + _MEMORY_SECONDS)
        return max(0.0, min(until) - time.monotonic()) if until else None

    def _watch_memory(self) -> None:
        """Kill the largest process of a job that uses more memory than it may have, as the kernel does."""
        now = time.monotonic()
        if now < self._memory_checked + _MEMORY_SECONDS:
            return
        self._memory_checked = now
        for running in self._running.values():
            if exceeds(running.process.pid, running.task.memory):
                running.out_of_memory = True
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(largest_of(running.process.pid), signal.SIGKILL)

    def _kill_overdue(self) -> None:
        while self._kills and self._kills[0][0] <= time.monotonic():
            running = heappop(self._kills)[2]
            # The number of its descriptor may be another's by now.
            if self._running.get(running.pidfd) is running:
                running.signal_group(signal.SIGKILL)


def _cannot_start(task: Task, error: OSError) -> StartFailedError:
    what = f'exec: "{task.argv[0]}": {error.strerror}'
    return StartFailedError(f"CannotStartContainerError: Error response from daemon: {what}", 127)
