"""The entry point of a job: ``python -m sluice.runtime <module>:<function>``, ``cleanup`` or ``gate``.

The start job's own code is a function of its image: no other job needs it.
"""

from __future__ import annotations

import gc
import importlib
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from sluice.aws.clients import client
from sluice.errors import SettingError, SupersededJobError, UnsettledError
from sluice.ledger.ledger import Ledger
from sluice.run.compiled import Kind
from sluice.run.state import StepRecord
from sluice.runtime.aggregate import aggregate
from sluice.runtime.cleanup import cleanup, gate
from sluice.runtime.context import Context
from sluice.runtime.errors import JobNotRegisteredError, Stopped
from sluice.runtime.failure_report import report_failure
from sluice.runtime.job_context import Place, assigned
from sluice.runtime.node import node
from sluice.runtime.plan import plan
from sluice.runtime.work import work
from sluice.settings import JobSettings

FAILED = 1
NOT_STARTED = 64
"""The job was started with words or settings that no deploy gives it (EX_USAGE of sysexits.h)."""
TRY_AGAIN = 75
"""Another attempt may find what is missing (EX_TEMPFAIL of sysexits.h); the job definitions' retry rules know
this code.
"""
STOPPED = 143

KINDS: Mapping[Kind, Callable[[Context, Any], str]] = {
    Kind.START: lambda context, function: str(function(context)),
    Kind.PLAN: plan,
    Kind.ARRAY: work,
    Kind.JOB: aggregate,
    Kind.MULTI_NODE: node,
    Kind.CLEANUP: cleanup,
    Kind.GATE: gate,
}
_OWN_WORDS = ("cleanup", "gate")
_FUNCTION = re.compile(r"[\w.]+:[^\W\d]\w*")


def main(words: Sequence[str], env: Mapping[str, str]) -> int:
    """Do the work of one job and return its exit code."""
    try:
        word, place, settings = _word(words), Place.from_env(env), JobSettings.from_env(env)
    except SettingError as error:
        print(error, file=sys.stderr, flush=True)
        return NOT_STARTED
    return _run(word, place, settings)


def _word(words: Sequence[str]) -> str:
    if len(words) != 1 or not (words[0] in _OWN_WORDS or _FUNCTION.fullmatch(words[0])):
        raise SettingError(
            f"Expected one word, <module>:<function>, cleanup or gate, found {list(words)}. The job"
            " definition has it."
        )
    return words[0]


def _run(word: str, place: Place, settings: JobSettings) -> int:
    s3 = client("s3")
    try:
        ledger = Ledger(client("dynamodb"), settings.ledger_table)
        assignment = assigned(place, ledger)
        place = place.within(assignment.step) if assignment.step else place
        context = Context(
            place=place,
            settings=settings,
            assignment=assignment,
            s3=s3,
            sns=lambda: client("sns"),
            record_of=_records(ledger, place),
        )
        gc.enable()
        done = KINDS[context.step.kind](context, _function(word, context.step.kind))
    except SupersededJobError as error:
        print(f"Nothing is done here. {error}", flush=True)
        return 0
    except (JobNotRegisteredError, UnsettledError) as error:
        print(error, file=sys.stderr, flush=True)
        return TRY_AGAIN
    except Stopped:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a step raises is reported
        report_failure(error, place, s3, settings.work_bucket)
        return FAILED
    print(f"{place.step} of {place.run}, child {place.child}: {done}", flush=True)
    return 0


def _records(ledger: Ledger, place: Place) -> Callable[[str], StepRecord | None]:
    def record_of(step: str) -> StepRecord | None:
        found = ledger.assignment(place.run, step)
        return found.step if found else None

    return record_of


def _function(word: str, kind: Kind) -> Any:
    """Return the function that ``module:function`` names; None for the steps that Sluice adds."""
    if kind in (Kind.CLEANUP, Kind.GATE):
        return None
    module, _, name = word.partition(":")
    if not name:
        raise SettingError(
            f"Expected <module>:<function> for a step of the kind {kind}, found {word!r}. Deploy all stacks"
            " together."
        )
    return getattr(importlib.import_module(module), name)


def _stop(number: int, frame: FrameType | None) -> None:
    """End in good order: what is finished is written on the way out. Batch sends SIGTERM 30 seconds before
    SIGKILL.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Not print: the signal may come in the middle of one.
    os.write(2, b"Told to stop.\n")
    raise Stopped(STOPPED)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    # Until the clients are there: making them allocates much and frees little, and looking for garbage takes
    # a seventh of a job's start.
    gc.disable()
    sys.exit(main(sys.argv[1:], os.environ))
