"""`sluice cancel RUN`: ends a run before its time, and reports success only when nothing of it is left."""

from __future__ import annotations

import argparse

from cli.cloud import Cloud, cloud_of
from cli.console import print_json, print_line, print_note
from cli.errors import FAILED
from cli.notifying import note_unpublished
from cli.options import Commands, add_run, command, positive
from sluice.counted import counted
from sluice.operate.cancel import Cancellation, Canceller, Remaining
from sluice.operate.listing.lookup import find_run_id
from sluice.run.state import RunState
from sluice.visible import visible

REASON = "Cancelled with `sluice cancel`: {}."
SECONDS = 300
_MAX_NAMED = 5


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
    """Cancel a run; return 0 when nothing of it is left, 1 when something is. Raises OperationError for a run
    that has succeeded.
    """
    run_id = find_run_id(cloud.client("dynamodb"), cloud.deployment.table, given.run_id)
    canceller = Canceller(
        ledger=cloud.ledger,
        batch=cloud.client("batch"),
        queues=cloud.deployment.queues,
        run_id=run_id,
        # CloudTrail records it with who cancelled: docs/access.md.
        reason=REASON.format(run_id),
        stack_prefix=cloud.deployment.prefix,
    )
    done = canceller.cancel(cloud.client("events"), given.timeout, _Progress().show)
    note_unpublished(done.run_id, done.state, done.not_published)
    if given.json:
        print_json(_document(done))
    elif done.remaining.is_empty:
        print_line(_cancelled(done))
    if not done.remaining.is_empty:
        print_note(_incomplete(done, given.timeout))
    return 0 if done.remaining.is_empty else FAILED


class _Progress:
    """Prints what is waited for whenever it changes."""

    def __init__(self) -> None:
        self._shown: tuple[int, int] = (0, 0)

    def show(self, remaining: Remaining) -> None:
        """Print how much is left."""
        jobs, claims = len(remaining.jobs), len(remaining.claims)
        if (jobs, claims) not in (self._shown, (0, 0)):
            submitting = f", {claims} still being submitted" if claims else ""
            print_note(f"terminating {_jobs(jobs)}{submitting} …")
        self._shown = jobs, claims


def _document(done: Cancellation) -> dict[str, object]:
    return {
        "run_id": done.run_id,
        "state": done.state,
        "terminated": list(done.terminated),
        "left": {"jobs": sorted(done.remaining.jobs), "claims": done.remaining.claims},
    }


def _cancelled(done: Cancellation) -> str:
    what = (
        f"{done.run_id} is cancelled"
        if done.state is RunState.CANCELLED
        else f"{done.run_id} had {done.state.lower()} already and stays so"
    )
    return f"{what}: {_jobs(len(done.terminated))} terminated, and a last check found none left."


def _incomplete(done: Cancellation, seconds: int) -> str:
    claims = (f"{claim}, which is being submitted" for claim in done.remaining.claims)
    names = sorted([*done.remaining.jobs.values(), *claims])
    some = ", ".join(map(visible, names[:_MAX_NAMED])) + (", …" if len(names) > _MAX_NAMED else "")
    return (
        f"{done.run_id} is {done.state} and nothing new is submitted, but after {seconds} s this is left of"
        f" it: {some}. Run the same command again to continue."
    )


def _jobs(count: int) -> str:
    return counted(count, "job")
