"""The entry point of a job: ``python -m sluice.runtime <module>:<function>``, ``cleanup`` or ``gate``.

The start job's own code is a function of its image: no other job needs it.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
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
from sluice.runtime.failure_report import report_failure
from sluice.runtime.job_context import JobContext
from sluice.runtime.kinds.aggregate import aggregate
from sluice.runtime.kinds.cleanup import cleanup, gate
from sluice.runtime.kinds.multi_node import run_node
from sluice.runtime.kinds.plan import plan
from sluice.runtime.kinds.work import work
from sluice.runtime.registration import wait_for_registration
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import StepFunction
from sluice.settings import JobSettings

FAILED = 1
NOT_STARTED = 64
"""The job was started with words or settings that no deploy gives it (EX_USAGE of sysexits.h)."""
TRY_AGAIN = 75
"""Another attempt may succeed (EX_TEMPFAIL of sysexits.h); the retry rules of job definitions know it."""
STOPPED = 143

KINDS: Mapping[Kind, Callable[[StepContext, Any], str]] = {
    Kind.START: lambda context, function: str(function(context)),
    Kind.PLAN: plan,
    Kind.ARRAY: work,
    Kind.JOB: aggregate,
    Kind.MULTI_NODE: run_node,
    Kind.CLEANUP: cleanup,
    Kind.GATE: gate,
}
_OWN_WORDS = ("cleanup", "gate")
_FUNCTION = re.compile(r"[\w.]+:[^\W\d]\w*")


def main(words: Sequence[str], env: Mapping[str, str]) -> int:
    """Do the work of one job and return its exit code."""
    try:
        word, job, settings = _word(words), JobContext.from_env(env), JobSettings.from_env(env)
    except SettingError as error:
        print(error, file=sys.stderr, flush=True)
        return NOT_STARTED
    return _run(StepFunction(word), job, settings)


def _word(words: Sequence[str]) -> str:
    if len(words) != 1 or not (words[0] in _OWN_WORDS or _FUNCTION.fullmatch(words[0])):
        raise SettingError(
            f"Expected one word, <module>:<function>, cleanup or gate, found {list(words)}. The job"
            " definition has it."
        )
    return words[0]


def _run(function: StepFunction, job: JobContext, settings: JobSettings) -> int:
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
        done = KINDS[context.step.kind](context, function.load(context.step.kind))
    except SupersededJobError as error:
        print(f"Nothing is done here. {error}", flush=True)
        return 0
    except Stopped:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a step raises is reported
        return _failed(error, function, job, settings)
    print(f"{job.step} of {job.run}, child {job.child}: {done}", flush=True)
    return 0


def _records(ledger: Ledger, job: JobContext) -> Callable[[str], StepRecord | None]:
    def record_of(step: str) -> StepRecord | None:
        found = ledger.assignment(job.run, step)
        return found.step if found else None

    return record_of


def _failed(error: BaseException, function: StepFunction, job: JobContext, settings: JobSettings) -> int:
    """Report why the job fails, and return its exit code."""
    if _may_succeed_later(error, function, job):
        found = f"{type(error).__name__}: {error}"
        print(f"{job.step} of {job.run} is to be tried again. {found}", file=sys.stderr, flush=True)
        return TRY_AGAIN
    report_failure(error, job, lambda: client("s3"), settings.work_bucket)
    return FAILED


def _may_succeed_later(error: BaseException, function: StepFunction, job: JobContext) -> bool:
    """Return whether another attempt may succeed: the user's function has not begun, and the error is
    transient.

    AWS Batch repeats a multi-node job for its main node only. Another node reports its error, so that the
    main node can name the cause.
    """
    if isinstance(error, JobNotRegisteredError | UnsettledError):
        return True
    is_repeated = job.node is None or job.node.is_main
    return is_repeated and not function.begun and is_transient(error)


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
    sys.exit(main(sys.argv[1:], os.environ))
