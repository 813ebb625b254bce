"""Many runs at a time: which they are, the question before anything is done, and what became of each."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from cli.cloud import Cloud, about_pipeline
from cli.console import answered_yes, console_of, print_json, print_line, print_note, print_table, spinner
from cli.errors import FAILED, UsageError
from cli.options import positive
from cli.times import moment, point_in_time
from sluice.counted import counted
from sluice.operate.again.many import Begun, Many, states_of
from sluice.operate.listing.listing import RunFilter, list_runs
from sluice.operate.listing.summaries import RunSummary
from sluice.run.state import RunState
from sluice.visible import visible

LIMIT = 1000
_COLUMNS = ("RUN", "STATE", "BEGAN (UTC)", "INPUT", "FAILED AT")
Sleep = Callable[[float], None]


def add_many(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose many runs in place of one."""
    many = parser.add_argument_group("many runs at a time, in place of RUN")
    many.add_argument("--pipeline", metavar="NAME", help="runs of this pipeline")
    many.add_argument(
        "--state",
        type=str.upper,
        choices=[str(state) for state in RunState if state is not RunState.RUNNING],
        help="runs in this state; default: failed",
    )
    about = "2026-11-28, 2026-11-28T09:30 (UTC), or how long ago, such as 90m, 2h, 3d"
    many.add_argument(
        "--since", metavar="TIME", type=point_in_time, help=f"runs that began since then: {about}"
    )
    many.add_argument("--until", metavar="TIME", type=point_in_time, help="runs that began before then")
    many.add_argument("--dry-run", action="store_true", help="list these runs, and do nothing")
    many.add_argument("--yes", action="store_true", help="do not ask")
    many.add_argument(
        "--max-concurrency",
        metavar="N",
        type=positive,
        help="let at most so many of them run at a time, and stay until the last has begun",
    )


def are_many(given: argparse.Namespace) -> bool:
    """Return whether the words choose many runs; raises UsageError where they choose one as well, or none."""
    filters = [given.pipeline, given.since, given.until, given.state]
    many = any(one is not None for one in filters)
    if many and given.run_id is not None:
        raise UsageError("Expected RUN, or --pipeline, --state, --since and --until, found both.")
    if many and given.pipeline is None and given.since is None:
        raise UsageError("Expected --pipeline or --since, so that not all runs of all time are meant.")
    if not many and given.run_id is None:
        raise UsageError("Expected RUN, or --pipeline NAME for many runs, found neither.")
    return many


def for_many(
    given: argparse.Namespace,
    cloud: Cloud,
    begin: Callable[[str], str],
    *,
    verb: str,
    sleep: Sleep = time.sleep,
) -> int:
    """Show the runs that are meant, ask, and begin each; return 1 when one could not be.

    ``verb`` is what is done to them, such as ``rerun``.
    """
    runs = _chosen(given, cloud)
    if not given.json:
        _show(runs, cloud, given.pipeline)
    elif given.dry_run or not runs:
        print_json([asdict(run) for run in runs])
    if given.dry_run or not runs:
        return 0
    if not given.yes and not _is_confirmed(f"{verb} {_runs(len(runs))}"):
        print_note("Nothing was done.")
        return FAILED
    return _begin_each(given, cloud, [run.run_id for run in runs], begin, sleep)


def _begin_each(
    given: argparse.Namespace,
    cloud: Cloud,
    run_ids: Sequence[str],
    begin: Callable[[str], str],
    sleep: Sleep,
) -> int:
    """Begin each run and print what became of it; return 1 when one could not be begun."""
    dynamodb, table = cloud.client("dynamodb"), cloud.deployment.table
    many = Many(
        begin=begin,
        states=partial(states_of, dynamodb, table),
        max_concurrency=given.max_concurrency,
        sleep=sleep,
    )
    done = [_shown(one, as_json=given.json) for one in many.each(run_ids)]
    if given.json:
        print_json([asdict(one) for one in done])
    return FAILED if any(one.problem for one in done) else 0


def _chosen(given: argparse.Namespace, cloud: Cloud) -> Sequence[RunSummary]:
    """Return the runs, the oldest first: in the order in which they began."""
    with spinner("Reading the ledger …"):
        listing = list_runs(
            cloud.client("dynamodb"),
            cloud.deployment.table,
            asked=RunFilter(
                pipeline=given.pipeline,
                state=RunState(given.state or RunState.FAILED),
                since=given.since,
                until=given.until,
            ),
            limit=LIMIT,
        )
    if listing.more:
        print_note(f"These are the newest {LIMIT:,}; there are more: choose a shorter time.")
    return sorted(listing.runs, key=lambda run: run.created_at)


def _show(runs: Sequence[RunSummary], cloud: Cloud, pipeline: str | None) -> None:
    if not runs:
        print_note(f"No run matches.{about_pipeline(cloud, pipeline)}")
        return
    rows = [
        (run.run_id, str(run.state), moment(run.created_at), run.input, run.failed_step or "") for run in runs
    ]
    print_table(console_of(), _COLUMNS, rows)


def _is_confirmed(what: str) -> bool:
    """Ask on a terminal; raises UsageError where no person could answer."""
    if not sys.stdin.isatty():
        raise UsageError(f"Expected --yes to {what}, because nobody can be asked here. --dry-run lists them.")
    return answered_yes(f"{what[0].upper()}{what[1:]}?")


def _shown(one: Begun, *, as_json: bool) -> Begun:
    if one.problem is not None:
        print_note(f"{one.run_id}: {visible(one.problem)}")
    elif not as_json:
        new = one.goes_on_as
        print_line(f"{one.run_id} runs again" + ("" if new == one.run_id else f" as {new}"))
        sys.stdout.flush()
    return one


def _runs(count: int) -> str:
    return counted(count, "run")
