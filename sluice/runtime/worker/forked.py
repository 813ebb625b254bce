"""A worker in a process of its own, which is a copy of its supervisor: so Python and the clients are there
already.
"""

from __future__ import annotations

import math
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from mmap import mmap
from types import FrameType
from typing import NoReturn

from sluice.runtime.errors import Stopped
from sluice.runtime.exit_codes import FAILED, STOPPED
from sluice.runtime.failure_report import failure_of
from sluice.runtime.tracebacks import print_traceback
from sluice.runtime.worker.ends import End, Listener, WorkerExit
from sluice.runtime.worker.frames import FrameReader, PipeReport
from sluice.runtime.worker.leftovers import Leftovers
from sluice.runtime.worker.report import Outcome, Report, Returned
from sluice.runtime.worker.shutdown import keep_loaded_modules
from sluice.runtime.worker.stderr_tail import StderrTail

STOP_SECONDS = 20.0
"""What a stopped worker has for its own end. Batch sends SIGKILL 30 seconds after SIGTERM:
https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html"""
LEFT_SECONDS = 20.0
"""What a worker has for its end after its final word: for threads and exit handlers of the user's code."""
STILL_THERE_SECONDS = 600.0
"""A machine that is there so long after its notice of two minutes is not taken away: the work goes on."""
_CHUNK = 1 << 16
_KIB_OF_MAXRSS = 1 if sys.platform != "darwin" else 1024


class ForkedWorker:
    """Starts the worker and listens to it until its end.

    ``before_fork`` closes what both must not share. ``watch_machine`` is given what to call when the machine
    is about to be taken away.
    """

    def __init__(
        self,
        before_fork: Callable[[], None] = lambda: None,
        watch_machine: Callable[[Callable[[], None]], None] = lambda on_notice: None,
    ) -> None:
        self._before_fork, self._watch_machine = before_fork, watch_machine
        self._watch: _Watch | None = None

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Return how the worker ended; each call is a new one. In the worker itself, raise WorkerExit."""
        watch = self._watched()
        if watch.stopped:
            return End(stopped=True)
        self._before_fork()
        keep_loaded_modules()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        out, into = os.pipe()
        stderr, leftovers = StderrTail(), Leftovers()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        worker = os.fork()
        if worker == 0:
            os.close(out)
            watch.forget()
            stderr.in_worker()
            _be_worker(work, PipeReport(into, watch.paused))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.close(into)
        stderr.in_supervisor()
        try:
            try:
                end = _Listening(worker, out, watch, listener).until_end()
            finally:
                leftovers.end()
            return replace(end, stderr=stderr.lines())
        finally:
            os.close(out)

    def _watched(self) -> _Watch:
        """Return what watches the machine and the signals, from the first worker on."""
        if self._watch is None:
            self._watch = _Watch()
            self._watch_machine(self._watch.notice)
        return self._watch


def _be_worker(work: Callable[[Report], Outcome], report: PipeReport) -> NoReturn:
    signal.signal(signal.SIGTERM, _stop_work)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        outcome = work(report)
    except Stopped as stopped:
        raise WorkerExit(STOPPED) from stopped
    except KeyboardInterrupt as error:  # Of the user's code: nobody sits before a job.
        print_traceback(error)
        outcome = failure_of(error)
    report.ends(outcome)
    raise WorkerExit(0 if isinstance(outcome, Returned) else FAILED)


def _stop_work(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped(STOPPED)


class _Watch:
    """Wakes a selector when the job is asked to stop, when the worker ends, and when the machine is about to
    be taken away.
    """

    def __init__(self) -> None:
        self.out, self._into = os.pipe()
        for end in (self.out, self._into):
            os.set_blocking(end, False)
        self.stopped = self.noticed = False
        self.paused, self.go_on_at = mmap(-1, 1), math.inf
        self._woken = signal.set_wakeup_fd(self._into)
        self._on_child = signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if not self.stopped:
            # Not print: the signal may come in the middle of one.
            os.write(2, b"Stopped by SIGTERM.\n")
        self.stopped = True

    def notice(self) -> None:
        """Note that the machine is about to be taken away; called from another thread."""
        self.noticed = True
        os.write(self._into, b"!")

    def drain(self) -> None:
        """Take what woke the selector."""
        os.read(self.out, _CHUNK)

    def forget(self) -> None:
        """Undo it: in the worker, the user's code has its signals for itself; SIGTERM aside."""
        signal.set_wakeup_fd(self._woken)
        signal.signal(signal.SIGCHLD, self._on_child)
        for end in (self.out, self._into):
            os.close(end)


class _Listening:
    """One worker, from its start to its end."""

    def __init__(self, worker: int, out: int, watch: _Watch, listener: Listener) -> None:
        self._worker, self._out, self._watch, self._listener = worker, out, watch, listener
        self._frames = FrameReader()
        self._outcome: Outcome | None = None
        self._kill_at: float | None = None
        self._left_at: float | None = None
        self._is_cut = False
        os.set_blocking(out, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(out, selectors.EVENT_READ)
        self._selector.register(watch.out, selectors.EVENT_READ)

    def until_end(self) -> End:
        """Pass on what the worker tells, until it ends."""
        try:
            while True:
                self._attend()
                ended, status, usage = os.wait4(self._worker, os.WNOHANG)
                if ended:
                    break
        except BaseException:
            # What it finishes cannot be kept any more.
            os.kill(self._worker, signal.SIGKILL)
            os.waitpid(self._worker, 0)
            raise
        while self._read():
            pass
        self._selector.close()
        return End(
            outcome=self._outcome,
            status=os.waitstatus_to_exitcode(status),
            stopped=self._watch.stopped,
            is_cut=self._is_cut,
            peak_mib=usage.ru_maxrss // _KIB_OF_MAXRSS // 1024,
        )

    def _attend(self) -> None:
        for key, _ in self._selector.select(self._timeout()):
            if key.fd == self._out:
                self._read()
            else:
                self._watch.drain()
        if self._watch.stopped:
            self._stop()
        if self._watch.noticed:
            self._pause()
        if self._outcome is not None:
            self._cut_when_due()
        self._listener.flush_when_due()

    def _read(self) -> bool:
        """Pass on what has come; return whether there may be more."""
        try:
            data = os.read(self._out, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            if self._out in self._selector.get_map():
                self._selector.unregister(self._out)
            return False
        self._outcome = self._frames.feed(data, self._listener) or self._outcome
        return True

    def _timeout(self) -> float | None:
        times = [self._kill_at, self._left_at, self._watch.go_on_at if self._watch.noticed else None]
        until = [at - time.monotonic() for at in times if at is not None and at < math.inf]
        due = self._listener.seconds_until_due()
        until += [] if due is None else [due]
        return max(0.0, min(until)) if until else None

    def _pause(self) -> None:
        """Write what is finished at once, and let nothing begin: the job ends with its machine.

        An end of its own would be tried again at once, perhaps on the same machine, and would hide from AWS
        Batch that the machine was lost.
        """
        now = time.monotonic()
        if self._watch.go_on_at == math.inf:
            os.write(2, b"This spot machine is about to be taken away: nothing new is begun on it.\n")
            self._watch.paused[0], self._watch.go_on_at = 1, now + STILL_THERE_SECONDS
        self._listener.flush()
        if now >= self._watch.go_on_at:
            self._watch.noticed, self._watch.paused[0] = False, 0

    def _cut_when_due(self) -> None:
        """End a worker that has said its final word and does not end: a thread that is left would keep the
        job until its time-out.
        """
        now = time.monotonic()
        if self._left_at is None:
            self._left_at = now + LEFT_SECONDS
        elif now >= self._left_at and not self._is_cut:
            self._is_cut = True
            text = f"The work is over, but a thread of its process still runs after {LEFT_SECONDS:.0f} s"
            os.write(2, f"{text}: it is ended. Join threads, or make them daemons.\n".encode())
            os.kill(self._worker, signal.SIGKILL)
            self._left_at = math.inf

    def _stop(self) -> None:
        """Tell the worker to stop, write what it has finished, and end it when it takes too long."""
        now = time.monotonic()
        if self._kill_at is None:
            self._kill_at = now + STOP_SECONDS
            # Batch tells the first process of a container only.
            os.kill(self._worker, signal.SIGTERM)
            self._listener.flush()
        elif now >= self._kill_at:
            os.kill(self._worker, signal.SIGKILL)
