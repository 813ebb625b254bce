"""The entry point of a job: ``python -m containers.step <module>:<function>``, ``cleanup`` or ``gate``."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from containers.step.place import NotNamedYetError, Place, assigned
from containers.step.report import report_failure
from containers.step.work import KINDS, Context
from sluice.clients import client
from sluice.errors import NotNamedError, SettingError
from sluice.ledger import Ledger
from sluice.settings import JobSettings

FAILED = 1
NOT_STARTED = 64
"""The job was started with words or settings that no deploy gives it (EX_USAGE of sysexits.h)."""
TRY_AGAIN = 75
"""Another attempt may find what is missing (EX_TEMPFAIL of sysexits.h); the job definitions' retry rules know this code."""
STOPPED = 143


def main(words: Sequence[str], env: Mapping[str, str]) -> int:
    """Do the work of one job and return its exit code."""
    try:
        if len(words) != 1:
            raise SettingError(f"Expected one word, <module>:<function>, cleanup or gate, found {list(words)}.")
        place, settings = Place.from_env(env), JobSettings.from_env(env)
    except SettingError as error:
        print(error, file=sys.stderr)
        return NOT_STARTED
    return _run(words[0], place, settings)


def _run(word: str, place: Place, settings: JobSettings) -> int:
    s3 = client("s3")
    try:
        assignment = assigned(place, Ledger(client("dynamodb"), settings.ledger_table))
        context = Context(place=place, settings=settings, assignment=assignment, s3=s3, sns=lambda: client("sns"))
        done = KINDS[context.step.kind](context, _function(word))
    except NotNamedError as error:
        print(f"Nothing is done here. {error}", flush=True)
        return 0
    except NotNamedYetError as error:
        print(error, file=sys.stderr, flush=True)
        return TRY_AGAIN
    except Exception as error:  # noqa: BLE001 - whatever a step raises is reported, and fails the job
        report_failure(error, place, s3, settings.work_bucket)
        return FAILED
    print(f"{place.step} of {place.run}, child {place.child}: {done}", flush=True)
    return 0


def _function(word: str) -> Any:
    """Return the function that ``module:function`` names; None for the words of the steps that Sluice adds."""
    module, separator, name = word.partition(":")
    return getattr(importlib.import_module(module), name) if separator else None


def _stop(number: int, frame: FrameType | None) -> None:
    """End in good order: what is finished is written on the way out. Batch sends SIGTERM 30 seconds before SIGKILL."""
    print("Told to stop.", file=sys.stderr, flush=True)
    sys.exit(STOPPED)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:], os.environ))
