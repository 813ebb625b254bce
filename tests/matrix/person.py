"""A person who has a failed run or cleanup go on with `sluice retry`, and who tries again when that did not
work.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.cloud import Cloud
from cli.commands.retry import retry
from cli.main import parser
from sluice.operate.errors import OperationError
from sluice.run.failures.failed_cleanup import cleanup_of, failed_cleanup
from sluice.run.state import Run, RunState
from tests.matrix.actors import KilledError
from tests.matrix.installed import client

if TYPE_CHECKING:
    from tests.matrix.harness import Harness

LOOKS_EVERY = 20.0
_EXPECTED = (KilledError, OperationError, ClientError, BotoCoreError)
"""How a command may end that could not do what it was to do: the person reads it, and looks at the run
again.
"""


def mends(harness: Harness, runs_of: Callable[[], Iterable[Run]], times: int = 1) -> None:
    """Look at runs until they have failed, then have them go on, each so often at most: one person, who may
    be asked twice.
    """
    is_here = harness.most_retries > 0
    harness.most_retries = max(harness.most_retries, times)

    def look() -> None:
        runs = list(runs_of())
        left = [run for run in runs if run.reopened < harness.most_retries]
        failed = next((run for run in left if run.state is RunState.FAILED), None)
        if failed is not None:
            _goes_on(harness, failed, again)
        elif not runs or any(run.state is RunState.RUNNING for run in left):
            again()

    def again() -> None:
        harness.clock.later(LOOKS_EVERY, look)

    if not is_here:
        again()


def mends_cleanup(harness: Harness, runs_of: Callable[[], Iterable[Run]], mend: Callable[[], None]) -> None:
    """Wait for the alert that the cleanup of a run has failed, then remove the cause and have it run again,
    until it is submitted anew.
    """

    def look() -> None:
        runs = list(runs_of())
        failed = next((run for run in runs if failed_cleanup(run) and is_cleanup_alerted(harness, run)), None)
        if failed is not None:
            mend()
            _goes_on(harness, failed, again)
        elif not any(map(_is_repeated, runs)):
            again()

    def again() -> None:
        harness.clock.later(LOOKS_EVERY, look)

    again()


def is_cleanup_alerted(harness: Harness, run: Run) -> bool:
    """Return whether an alert was sent that the cleanup of a run has failed."""
    return any(run.run_id in body and "its cleanup failed" in body for _, body in harness.messages.mail)


def _is_repeated(run: Run) -> bool:
    record = cleanup_of(run)
    return run.state is RunState.SUCCEEDED and record is not None and record.generation > 0


def _goes_on(harness: Harness, run: Run, again: Any) -> None:
    def ended(code: Any, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, _EXPECTED):
            raise error
        again()

    given = _parser().parse_args(["retry", run.run_id])
    actor = harness.actors.start("person", "person", lambda: retry(given, Cloud(client, "the matrix")), ended)
    actor.facts = {"receives": "1"}


@cache
def _parser() -> ArgumentParser:
    """Return the command line's parser: to make one takes as long as most runs of the matrix."""
    return parser()
