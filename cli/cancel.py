"""`sluice cancel RUN`: ends a run before its time, and says so only when nothing of it is left."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.cancelling import Canceller, Left
from cli.cloud import Cloud, cloud_of
from cli.console import note, say, say_json
from cli.failures import FAILED, CommandError
from cli.options import add_run, command, positive
from cli.run_list import run_of
from cli.telling import tell
from sluice.run.state import RunState

if TYPE_CHECKING:
    from cli.options import Commands

SECONDS = 300
_NAMED = 5


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "cancel",
        "cancel a run",
        "Ends a run: nothing new is submitted, and its jobs are terminated.",
    )
    add_run(parser)
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=positive,
        default=SECONDS,
        help="how long to wait for its jobs to end; default: %(default)s",
    )
    parser.set_defaults(run=lambda given: cancel(given, cloud_of()))


def cancel(given: argparse.Namespace, cloud: Cloud) -> int:
    """Cancel a run; return 0 when nothing of it is left, 1 when something is. Raises CommandError for a run
    that has succeeded.
    """
    run_id = run_of(cloud.client("dynamodb"), cloud.table, given.run_id)
    canceller = Canceller(
        ledger=cloud.ledger, batch=cloud.client("batch"), queues=cloud.queues, run_id=run_id
    )
    state = canceller.stop()
    if state is RunState.SUCCEEDED:
        raise CommandError(
            f"Expected a run that has not succeeded, found {run_id} {state}. There is nothing to cancel."
        )
    if state is RunState.CANCELLED and (run := cloud.ledger.load(run_id)) is not None:
        tell(cloud.client("events"), run, state)
    left = canceller.clear(given.timeout, _Progress().tell)
    ended = sorted(canceller.terminated - left.jobs.keys())
    if given.json:
        say_json(
            {
                "run_id": run_id,
                "state": state,
                "terminated": ended,
                "left": {"jobs": sorted(left.jobs), "claims": left.claims},
            }
        )
    elif left.nothing:
        say(_done(run_id, state, len(ended)))
    if not left.nothing:
        note(_undone(run_id, state, left, given.timeout))
    return 0 if left.nothing else FAILED


class _Progress:
    """Says what is waited for whenever it changes."""

    def __init__(self) -> None:
        self._before: tuple[int, int] = (0, 0)

    def tell(self, left: Left) -> None:
        """Say how much is left."""
        now = len(left.jobs), len(left.claims)
        if now not in (self._before, (0, 0)):
            note(
                f"{_jobs(now[0])} told to end"
                + (f", {now[1]} still being submitted" if now[1] else "")
                + " …"
            )
        self._before = now


def _done(run_id: str, state: RunState, terminated: int) -> str:
    what = (
        f"{run_id} is cancelled"
        if state is RunState.CANCELLED
        else f"{run_id} had {state.lower()} before and stays so"
    )
    return f"{what}: {_jobs(terminated)} terminated, and a last look found none left."


def _undone(run_id: str, state: RunState, left: Left, seconds: int) -> str:
    names = sorted([*left.jobs.values(), *(f"{claim}, which is being submitted" for claim in left.claims)])
    some = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return (
        f"{run_id} is {state} and nothing new is submitted, but after {seconds} s this is left of it: {some}."
        " Run the same command again to go on."
    )


def _jobs(count: int) -> str:
    return f"{count} job" + ("" if count == 1 else "s")
