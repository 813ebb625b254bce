"""`sluice sets`: the sets of files that are open, with what they lack; `sluice sets close` begins the run of
one with what there is.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cli.cloud import Cloud, about_pipeline, cloud_of
from cli.console import console_of, print_json, print_line, print_note, print_table
from cli.options import Commands
from cli.times import moment
from sluice.operate.sets import OpenSet, close_set, open_sets, unmatched_keys
from sluice.sets.ledger import SetLedger
from sluice.sets.s3_inbox import S3Inbox
from sluice.visible import visible

_COLUMNS = ("PIPELINE", "SET", "OPEN SINCE (UTC)", "LATE (UTC)", "FILES", "MISSING", "WHICH")
_MAX_UNMATCHED = 10


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = "Lists the sets of files that are open: what is missing, and since when."
    parser = commands.add_parser("sets", help="list open sets of files, or close one", description=text)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the open sets", description=text)
    listing.add_argument("--pipeline", metavar="NAME", help="only sets of this pipeline")
    listing.add_argument("--json", action="store_true", help="print JSON, for programs")
    listing.set_defaults(run=lambda given: sets(given, cloud_of()))
    closing = actions.add_parser(
        "close",
        help="begin the run of an open set with what there is",
        description="Begins the run of an open set with the files that there are.",
    )
    closing.add_argument("pipeline", metavar="NAME", help="the pipeline that the set starts")
    closing.add_argument("set", metavar="KEY", help="the set's key, such as date=2026-01-01 or 2026-01-01")
    closing.add_argument("--json", action="store_true", help="print JSON, for programs")
    closing.set_defaults(run=lambda given: close(given, cloud_of()))


def sets(given: argparse.Namespace, cloud: Cloud) -> int:
    """List open sets, and keys that belong to none; the exit code is 0 also when there are none."""
    ledger = _ledger(cloud)
    found = open_sets(ledger, set_inbox(cloud), given.pipeline)
    names = [given.pipeline] if given.pipeline else sorted({one.pipeline for one in found})
    unmatched = list(unmatched_keys(ledger, names))
    if given.json:
        keys = [{"pipeline": pipeline, **asdict(one)} for pipeline, one in unmatched]
        print_json({"open": [asdict(one) for one in found], "unmatched": keys})
        return 0
    if found:
        print_table(console_of(), _COLUMNS, [_row(one) for one in found])
    else:
        print_note(f"No set is open.{about_pipeline(cloud, given.pipeline)}")
    for pipeline, one in unmatched[-_MAX_UNMATCHED:]:
        for key, reason in list(one.keys.items())[:_MAX_UNMATCHED]:
            print_note(f"{visible(key)} belongs to no set of {pipeline}: {visible(reason)}.")
    return 0


def close(given: argparse.Namespace, cloud: Cloud) -> int:
    """Have a set closed; raises OperationError for one that is not open."""
    queue = cloud.deployment.group_queue
    run_id = close_set(_ledger(cloud), cloud.client("sqs"), queue, given.pipeline, given.set)
    if given.json:
        print_json({"run_id": run_id})
    else:
        print_line(f"{given.set} is being closed: its run is {run_id}. sluice show {run_id}")
    return 0


def set_inbox(cloud: Cloud) -> S3Inbox:
    """Return what reads markers with the caller's own permissions."""
    return S3Inbox(lambda: cloud.client("s3"), lambda: cloud.client("s3"))


def _ledger(cloud: Cloud) -> SetLedger:
    return SetLedger(cloud.client("dynamodb"), cloud.deployment.table)


def _row(one: OpenSet) -> tuple[str, ...]:
    names = ", ".join(one.names) + (", …" if one.missing > len(one.names) > 0 else "")
    late = moment(one.late_at) if one.late_at else ""
    return (
        one.pipeline,
        one.set,
        moment(one.since),
        late,
        f"{one.files:,}",
        f"{one.missing:,}",
        one.note or names,
    )
