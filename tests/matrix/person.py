"""A person who has a failed run go on with `sluice retry`, and who tries again when that did not work."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.cloud import Cloud
from cli.commands.retry import retry
from sluice.operate.errors import OperationError
from sluice.run.state import Run, RunState
from tests.matrix.actors import KilledError
from tests.matrix.installed import client
from tests.matrix.verdict import by_mark

if TYPE_CHECKING:
    from tests.matrix.harness import Harness

LOOKS_EVERY = 20.0
_EXPECTED = (KilledError, OperationError, ClientError, BotoCoreError)
"""How a command may end that could not do what it was to do: the person reads it, and looks at the run
again.
"""


def mends(harness: Harness, mark: str) -> None:
    """Look at a run until it has failed, then have it go on."""

    def look() -> None:
        run = next(iter(by_mark(harness).get(mark, [])), None)
        if run is not None and run.state is RunState.FAILED and run.reopened == 0:
            _goes_on(harness, run, again)
        elif run is None or (run.state is RunState.RUNNING and run.reopened == 0):
            again()

    def again() -> None:
        harness.clock.later(LOOKS_EVERY, look)

    again()


def _goes_on(harness: Harness, run: Run, again: Any) -> None:
    def ended(code: Any, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, _EXPECTED):
            raise error
        again()

    given = argparse.Namespace(run_id=run.run_id, json=False)
    actor = harness.actors.start("person", "person", lambda: retry(given, Cloud(client, "the matrix")), ended)
    actor.facts = {"receives": "1"}
