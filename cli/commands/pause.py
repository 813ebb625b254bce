"""`sluice pause` and `sluice unpause`: nothing starts for a while, and nothing is lost."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from cli.cloud import Cloud, cloud_of
from cli.console import console_of, print_json, print_line, print_note, print_table
from cli.options import Commands, command
from cli.project import current_project
from cli.times import moment
from sluice.ledger.pauses import Pause, Pauses
from sluice.operate.pausing import Pauser
from sluice.operate.pipelines import find_pipeline
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.visible import visible

_COLUMNS = ("PIPELINE", "STATE", "SINCE (UTC)", "WAITING", "REASON")


def add_to(commands: Commands) -> None:
    """Add the commands to the parser's commands."""
    text = (
        "Lets nothing start a pipeline: what would start it is kept, without a limit of time or number, and"
        " started in order by `sluice unpause`. Runs under way go on. Without NAME: lists what is paused."
    )
    parser = command(commands, "pause", "let nothing start a pipeline for a while", text)
    parser.add_argument("name", metavar="NAME", nargs="?", help="a pipeline of the project")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for whoever looks")
    parser.set_defaults(run=lambda given: pause(given, cloud_of(), current_project().root))
    about = "Lets a paused pipeline go on: all that was kept starts, in order of arrival, once."
    back = command(commands, "unpause", "let a paused pipeline go on", about)
    back.add_argument("name", metavar="NAME", help="a paused pipeline")
    back.set_defaults(run=lambda given: unpause(given, cloud_of()))


def pauses_of(cloud: Cloud) -> Pauses:
    """Return the pauses of what is deployed."""
    return Pauses(cloud.client("dynamodb"), cloud.deployment.table)


def pause(given: argparse.Namespace, cloud: Cloud, root: Path) -> int:
    """Pause a pipeline, or list those that are paused."""
    if given.name is None:
        _show(pauses_of(cloud).all(), as_json=given.json)
        return 0
    pipeline = find_pipeline(given.name, root)
    found = _pauser(cloud).pause(pipeline.name, given.reason, datetime.now(UTC))
    if given.json:
        print_json(asdict(found))
        return 0
    print_line(
        f"{pipeline.name} is paused. What would start it is kept until `sluice unpause`, however long."
    )
    if _gathers(pipeline):
        print_note(
            "The lists of groups of files that close meanwhile stay in the work bucket for"
            f" {cloud.deployment.work_retention.days} days (SLUICE_WORK_RETENTION_DAYS): unpause before."
        )
    return 0


def unpause(given: argparse.Namespace, cloud: Cloud) -> int:
    """Let a pipeline go on."""
    found = _pauser(cloud).unpause(given.name)
    if given.json:
        print_json(asdict(found))
    else:
        print_line(f"{given.name} goes on: {found.waiting:,} that were kept start now, in order.")
    return 0


def note_pauses(cloud: Cloud, pipeline: str | None = None) -> None:
    """Print a note for each paused pipeline, or for this one."""
    for one in pauses_of(cloud).all():
        if pipeline in (None, one.pipeline):
            why = f": {visible(one.reason)}" if one.reason else ""
            print_note(f"{one.pipeline} is paused since {moment(one.since)}{why}; {one.waiting:,} wait")


def _pauser(cloud: Cloud) -> Pauser:
    deployment = cloud.deployment
    return Pauser(pauses=pauses_of(cloud), sqs=cloud.client("sqs"), trigger_queue=deployment.trigger_queue)


def _gathers(pipeline: Pipeline) -> bool:
    return any(isinstance(one, S3Upload) and one.gathers for one in pipeline.triggers)


def _show(found: Sequence[Pause], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        rows = [
            (one.pipeline, str(one.state), moment(one.since), f"{one.waiting:,}", one.reason) for one in found
        ]
        print_table(console_of(), _COLUMNS, rows)
    else:
        print_note("No pipeline is paused.")
