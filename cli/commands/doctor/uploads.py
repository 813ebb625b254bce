"""`sluice doctor uploads`: lists the files of the inbox that started nothing, with the nearest trigger."""

from __future__ import annotations

import argparse

from cli.cloud import Cloud, cloud_of
from cli.console import print_json, print_line, print_note, print_text, spinner
from cli.errors import FAILED
from cli.options import command, positive
from cli.project import current_project
from cli.times import moment
from sluice.operate.start.taken_keys import taken_keys
from sluice.operate.start.unmatched import UnmatchedUpload, unmatched_uploads
from sluice.pipeline.loading import load_pipelines
from sluice.visible import visible

LIMIT = 20
MAX_KEYS = 100_000
"""So many objects are looked at: a hundred listings."""


def add_to(doctor: argparse.ArgumentParser) -> None:
    """Add the action to the command's parser."""
    actions = doctor.add_subparsers(metavar="ACTION")
    description = (
        "Lists the newest files of the inbox that no trigger of the project takes, each with the trigger that"
        f" nearly did. It looks at {MAX_KEYS:,} objects at most."
    )
    parser = command(actions, "uploads", "list uploads that started nothing", description)
    parser.add_argument("--prefix", metavar="TEXT", default="", help="only keys that begin so")
    parser.add_argument(
        "--limit", metavar="N", type=positive, default=LIMIT, help="at most this many; default: %(default)s"
    )
    parser.set_defaults(run=lambda given: uploads(given, cloud_of()))


def uploads(given: argparse.Namespace, cloud: Cloud) -> int:
    """List the files; return 0 when there are none, 1 when there are."""
    taken = taken_keys(load_pipelines(current_project().root))
    inbox = cloud.deployment.inbox
    with spinner("Reading the inbox …"):
        found = unmatched_uploads(
            cloud.client("s3"), inbox, taken, limit=given.limit, max_keys=MAX_KEYS, prefix=given.prefix
        )
    if given.json:
        print_json([_document(one) for one in found.uploads])
    else:
        for one in found.uploads:
            print_text(f"{moment(one.at.isoformat())}  {visible(one.key)}\n  → {visible(one.why)}")
        if not found.uploads:
            print_line("Every file that was looked at has a trigger.")
    if found.more:
        print_note(f"These are the newest {given.limit}; there are more: --limit N shows them.")
    if found.unread:
        print_note(f"Only the first {MAX_KEYS:,} keys were looked at: --prefix TEXT narrows them.")
    return FAILED if found.uploads else 0


def _document(one: UnmatchedUpload) -> dict[str, object]:
    return {"key": one.key, "size": one.size, "at": one.at.isoformat(), "why": one.why}
