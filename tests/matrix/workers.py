"""Workers whose process ends before its time, and workers that hear that their machine is taken back."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sluice.runtime.supervisor.supervising import Worker
from sluice.runtime.worker.ends import End, Listener
from sluice.runtime.worker.forked import STILL_THERE_SECONDS
from sluice.runtime.worker.in_process import InProcessWorker
from sluice.runtime.worker.report import Failed, Outcome, Report
from tests.matrix.actors import Actor
from tests.matrix.installed import here

if TYPE_CHECKING:
    from tests.matrix.harness import Work

ENDS: Mapping[str, int] = {
    "exit code 0": 0,
    "exit code 3": 3,
    "a crash": -signal.SIGSEGV,
    "the memory killer": -signal.SIGKILL,
}
NOTICE_SECONDS = 120.0
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html"""


class SupervisedWorker:
    """Does the work as another worker does, and meets SIGTERM in the user's code alone: the supervisor goes
    on, and stores what was returned.
    """

    def __init__(self, worker: Worker, actor: Actor) -> None:
        self._worker, self._actor = worker, actor

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Do the work and return how it ended."""
        self._actor.is_supervised = True
        return self._worker.run(work, listener)


class _GoneError(BaseException):
    """The worker's process is gone."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class MortalWorker(InProcessWorker):
    """Ends in a call of the function when ``ends`` says so, with the status that it returns."""

    def __init__(self, ends: Callable[[], int | None]) -> None:
        self._ends = ends

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Do the work, or begin it."""
        try:
            return super().run(lambda report: work(_Counted(report, self._begins)), listener)
        except _GoneError as gone:
            return End(status=gone.status)

    def _begins(self, item: int | None) -> None:
        status = self._ends()
        if status is not None:
            raise _GoneError(status)


class DyingWorker(MortalWorker):
    """Ends in the function's ``at``-th call of all, in the way that its ``status`` says; never again."""

    def __init__(self, at: int, status: int) -> None:
        super().__init__(lambda: self._status if self._count() == at else None)
        self.calls = 0
        self._status = status

    def _count(self) -> int:
        self.calls += 1
        return self.calls - 1

    def _begins(self, item: int | None) -> None:
        try:
            super()._begins(item)
        except _GoneError:
            here().note_begun(item)
            raise


class _Counted:
    def __init__(self, report: Report, begins: Callable[[int | None], None]) -> None:
        self._report, self._begins = report, begins

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Pass it on, and count."""
        self._report.begins(item, value)
        self._begins(item)

    def finished(self, line: str) -> None:
        """Pass it on."""
        self._report.finished(line)

    def failed(self, failure: Failed) -> None:
        """Pass it on."""
        self._report.failed(failure)


class NoticedWorker(InProcessWorker):
    """Stands for the supervisors of a machine that is taken back two minutes after the function's ``at``-th
    call of all: each writes what is finished, and begins nothing.

    The item of that call takes ``longer`` than others by so many seconds. That real supervisors do this is
    tested in tests/sluice/runtime/supervisor/test_spot_notice.py and tests/e2e/machines/test_spot_notice.py.
    """

    def __init__(self, at: int, longer: float) -> None:
        self.failed: list[Work] = []
        """What failed of itself, and may be worked on again."""
        self._at, self._longer, self._calls = at, longer, 0

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Do the work as long as the machine is not noticed."""
        return super().run(lambda report: work(_Watching(report, listener, self)), listener)

    def begun(self) -> None:
        """Count a call of the function, and give the notice in its time."""
        self._calls += 1
        if self._calls - 1 == self._at:
            _me().longer = self._longer
            here().fleet.notice_host_of(_me(), NOTICE_SECONDS)


class _Watching:
    """Writes and waits on a machine that is about to be taken away."""

    def __init__(self, report: Report, listener: Listener, worker: NoticedWorker) -> None:
        self._report, self._listener, self._worker = report, listener, worker

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Wait for the machine's end where that is near; else pass it on."""
        self._keep()
        if self._is_noticed():
            here().actors.sleep(STILL_THERE_SECONDS)
        self._report.begins(item, value)
        self._worker.begun()
        self._keep()

    def finished(self, line: str) -> None:
        """Pass it on."""
        self._report.finished(line)
        self._keep()

    def failed(self, failure: Failed) -> None:
        """Pass it on."""
        mine = [one for one in here().works if one.job == _me().facts["job"]]
        self._worker.failed.append(next(one for one in reversed(mine) if one.child == _me().facts["child"]))
        self._report.failed(failure)
        self._keep()

    def _keep(self) -> None:
        if self._is_noticed():
            self._listener.flush()

    def _is_noticed(self) -> bool:
        return here().fleet.is_noticed(_me())


def _me() -> Actor:
    actor = here().actors.current
    assert actor is not None
    return actor
