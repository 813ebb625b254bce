"""The entry point of a job: ``python -m sluice.runtime <module>:<function>``, ``cleanup`` or ``gate``.

The start job's own code is a function of its image: no other job needs it.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from sluice.aws.clients import client
from sluice.aws.transient import is_transient
from sluice.errors import SettingError, SupersededJobError, UnsettledError
from sluice.ledger.ledger import Ledger
from sluice.run.compiled import Kind
from sluice.run.state import StepRecord
from sluice.runtime.errors import JobNotRegisteredError, Stopped
from sluice.runtime.exit_codes import FAILED, NOT_STARTED, STOPPED, TRY_AGAIN
from sluice.runtime.failure_report import failure_of, report_failure
from sluice.runtime.job_context import JobContext
from sluice.runtime.kinds.cleanup import cleanup, gate
from sluice.runtime.registration import wait_for_registration
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import StepFunction
from sluice.runtime.supervisor.spot_notice import watch_for_notice
from sluice.runtime.supervisor.supervising import Supervisor, Worker
from sluice.runtime.worker.ends import WorkerExit
from sluice.runtime.worker.forked import ForkedWorker
from sluice.settings import JobSettings

OWN_KINDS: Mapping[Kind, Callable[[StepContext, Any], str]] = {
    Kind.START: lambda context, function: str(function(context)),
    Kind.CLEANUP: cleanup,
    Kind.GATE: gate,
}
"""Sluice's own code needs no worker, and no word: what it does stands in the ledger, or is nothing."""
_OWN_WORDS = ("cleanup", "gate")
_FUNCTION = re.compile(r"[\w.]+:[^\W\d]\w*")


def main(words: Sequence[str], env: Mapping[str, str], worker: Worker | None = None) -> int:
    """Do the work of one job and return its exit code; ``worker`` runs the user's function, in a process of
    its own when none is given.
    """
    try:
        word, job, settings = _word(words), JobContext.from_env(env), JobSettings.from_env(env)
    except SettingError as error:
        print(error, file=sys.stderr, flush=True)
        return NOT_STARTED
    supervisor = Supervisor(StepFunction(word), worker or ForkedWorker(_close_connections, watch_for_notice))
    return _run(supervisor, job, settings)


def _close_connections() -> None:
    """Close the connections that a worker must not share."""
    for service in ("dynamodb", "s3"):
        client(service).close()


def _word(words: Sequence[str]) -> str:
    if len(words) != 1 or not (words[0] in _OWN_WORDS or _FUNCTION.fullmatch(words[0])):
        raise SettingError(
            f"Expected one word, <module>:<function>, cleanup or gate, found {list(words)}. The job"
            " definition has it."
        )
    return words[0]


def _run(supervisor: Supervisor, job: JobContext, settings: JobSettings) -> int:
    try:
        ledger = Ledger(client("dynamodb"), settings.ledger_table)
        assignment = wait_for_registration(job, ledger)
        job = job.with_child_of(assignment.step) if assignment.step else job
        context = StepContext(
            job=job,
            settings=settings,
            assignment=assignment,
            s3=client("s3"),
            sns=lambda: client("sns"),
            record_of=_records(ledger, job),
        )
        gc.enable()
        kind = context.step.kind
        if kind not in OWN_KINDS:
            return supervisor.supervise(context)
        done = OWN_KINDS[kind](context, supervisor.function.load(kind))
    except SupersededJobError as error:
        print(f"Nothing is done here. {error}", flush=True)
        return 0
    except (Stopped, WorkerExit):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever goes wrong is reported
        return _failed(error, supervisor, job, settings)
    print(f"{job.step} of {job.run}, child {job.child}: {done}", flush=True)
    return 0


def _records(ledger: Ledger, job: JobContext) -> Callable[[str], StepRecord | None]:
    def record_of(step: str) -> StepRecord | None:
        found = ledger.assignment(job.run, step)
        return found.step if found else None

    return record_of


def _failed(error: BaseException, supervisor: Supervisor, job: JobContext, settings: JobSettings) -> int:
    """Report why the job fails, and return its exit code."""
    if _may_succeed_later(error, supervisor, job):
        found = f"{type(error).__name__}: {error}"
        print(f"{job.step} of {job.run} is to be tried again. {found}", file=sys.stderr, flush=True)
        return TRY_AGAIN
    traceback.print_exception(error)
    report_failure(failure_of(error), job, lambda: client("s3"), settings.work_bucket)
    return FAILED


def _may_succeed_later(error: BaseException, supervisor: Supervisor, job: JobContext) -> bool:
    """Return whether another attempt may succeed: the user's function has not begun, and the error is
    transient.
    """
    if isinstance(error, JobNotRegisteredError | UnsettledError):
        return True
    return job.is_repeated and not supervisor.begun and is_transient(error)


def _stop(number: int, frame: FrameType | None) -> None:
    """Exit in an orderly way: finished items are written. Batch sends SIGTERM 30 seconds before SIGKILL.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Not print: the signal may come in the middle of one.
    os.write(2, b"Stopped by SIGTERM.\n")
    raise Stopped(STOPPED)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    # Until the clients are there: making them allocates much and frees little, and looking for garbage takes
    # a seventh of a job's start.
    gc.disable()
    code = main(sys.argv[1:], os.environ)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # The worker has taken Python down in its own time; to do the same here as well would only cost time.
    os._exit(code)
