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
from functools import partial
from types import FrameType
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from sluice.aws.clients import client
from sluice.aws.transient import is_transient
from sluice.errors import SettingError, SupersededJobError, UnsettledError
from sluice.ledger.ledger import Ledger
from sluice.messages import JobWaiting
from sluice.run.compiled import Kind
from sluice.runtime.errors import JobNotRegisteredError, Stopped
from sluice.runtime.exit_codes import FAILED, NOT_STARTED, STOPPED, SUPERSEDED, TRY_AGAIN
from sluice.runtime.failure_report import failure_of, report_failure
from sluice.runtime.job_context import JobContext
from sluice.runtime.kinds.cleanup import cleanup, gate
from sluice.runtime.registration import wait_for_registration
from sluice.runtime.step_context import Records, StepContext
from sluice.runtime.step_function import StepFunction
from sluice.runtime.supervisor.spot_notice import watch_for_notice
from sluice.runtime.supervisor.supervising import Supervisor, Worker
from sluice.runtime.worker.ends import WorkerExit
from sluice.runtime.worker.forked import ForkedWorker
from sluice.runtime.worker.shutdown import shut_down
from sluice.settings import JobSettings

OWN_KINDS: Mapping[Kind, Callable[[StepContext, Any], str]] = {
    Kind.START: lambda context, function: str(function(context)),
    Kind.CLEANUP: cleanup,
    Kind.GATE: gate,
}
"""Sluice's own code needs no worker, and no word: what it does stands in the ledger, or is nothing."""
_OWN_WORDS = ("cleanup", "gate")
_FUNCTION = re.compile(r"[\w.]+:[^\W\d]\w*")


Clients = Callable[[str], Any]
"""Returns the client of a service."""


def main(
    words: Sequence[str],
    env: Mapping[str, str],
    worker: Worker | None = None,
    clients: Clients | None = None,
) -> int:
    """Do the work of one job and return its exit code; ``worker`` runs the user's function, in a process of
    its own when none is given. Without ``clients`` the calls go to AWS.
    """
    try:
        word, job, settings = _word(words), JobContext.from_env(env), JobSettings.from_env(env)
    except SettingError as error:
        print(error, file=sys.stderr, flush=True)
        return NOT_STARTED
    supervisor = Supervisor(StepFunction(word), worker or ForkedWorker(_close_connections, watch_for_notice))
    return _run(supervisor, job, settings, clients or client)


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


def _run(supervisor: Supervisor, job: JobContext, settings: JobSettings, clients: Clients) -> int:
    try:
        ledger = Ledger(clients("dynamodb"), settings.ledger_table)
        assignment = wait_for_registration(
            job, ledger, partial(_ask_for_registration, job, settings, clients)
        )
        job = job.with_child_of(assignment.step) if assignment.step else job
        context = StepContext(
            job=job,
            settings=settings,
            assignment=assignment,
            s3=clients("s3"),
            sns=lambda: clients("sns"),
            records_of=Records(partial(ledger.records, job.run), dict(assignment.records)),
        )
        gc.enable()
        kind = context.step.kind
        if kind not in OWN_KINDS:
            return supervisor.supervise(context)
        done = OWN_KINDS[kind](context, supervisor.function.load(kind))
    except SupersededJobError as error:
        print(f"Nothing is done here. {error}", flush=True)
        return SUPERSEDED
    except (Stopped, WorkerExit):
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever goes wrong is reported
        return _failed(error, supervisor, job, settings, clients)
    print(f"{job.step} of {job.run}, child {job.child}: {done}", flush=True)
    return 0


def _ask_for_registration(job: JobContext, settings: JobSettings, clients: Clients) -> None:
    """Have this job registered by others: its submitter may be gone."""
    message = JobWaiting(run=job.run, step=job.step, generation=job.generation, job_id=job.job_id)
    try:
        clients("sns").publish(TopicArn=settings.plan_topic, Message=message.to_json())
    except (ClientError, BotoCoreError) as error:
        # The sweep finds the claim, only later.
        print(f"Could not ask for the registration: {error}", file=sys.stderr, flush=True)


def _failed(
    error: BaseException, supervisor: Supervisor, job: JobContext, settings: JobSettings, clients: Clients
) -> int:
    """Report why the job fails, and return its exit code."""
    if _may_succeed_later(error, supervisor, job):
        found = f"{type(error).__name__}: {error}"
        print(f"{job.step} of {job.run} is to be tried again. {found}", file=sys.stderr, flush=True)
        return TRY_AGAIN
    traceback.print_exception(error)
    report_failure(failure_of(error), job, lambda: clients("s3"), settings.work_bucket)
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


def run(words: Sequence[str]) -> NoReturn:
    """Do the work of one job in this process, and end it with the job's exit code."""
    signal.signal(signal.SIGTERM, _stop)
    # Until the clients are there: making them allocates much and frees little, and looking for garbage takes
    # a seventh of a job's start.
    gc.disable()
    is_worker = False
    try:
        code = main(words, os.environ)
    except WorkerExit as end:
        code, is_worker = end.status, True
    if is_worker:  # Not while it is handled: the frames that it has come through hold what they hold.
        shut_down()
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # The worker has taken Python down in its own time; to do the same here as well would only cost time.
    os._exit(code)


if __name__ == "__main__":
    run(sys.argv[1:])
