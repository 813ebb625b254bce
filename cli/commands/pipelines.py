"""`sluice pipelines`: lists the pipelines of the project, which are those that a deploy brings to the
cloud.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from cli.cloud import cloud_of
from cli.commands.pause import pauses_of
from cli.console import console_of, print_json, print_note, print_table
from cli.options import Commands, command
from cli.project import current_project
from cli.times import moment
from sluice.ledger.pauses import Pause
from sluice.operate.pipeline_graph import document, ordered, triggers_of
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipelines
from stacks.configuration import variable


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "pipelines",
        "list the pipelines",
        "Lists the pipelines of the project, as the next deploy brings them.",
    )
    parser.add_argument(
        "--paused", action="store_true", help="also which of them are paused where they are deployed"
    )
    parser.set_defaults(
        run=lambda given: pipelines(
            given, current_project().root, pauses_of(cloud_of()).all() if given.paused else ()
        )
    )


def pipelines(given: argparse.Namespace, root: Path, pauses: Sequence[Pause] = ()) -> int:
    """List the pipelines of ``root/pipelines``; raises PipelineError with every mistake of their files."""
    found = load_pipelines(root)
    paused = {one.pipeline: one for one in pauses}
    if given.json:
        print_json([_document(pipeline, given, paused) for pipeline in found])
        return 0
    rows = [
        (
            str(pipeline.name),
            _starts_with(pipeline) + _paused(paused.get(pipeline.name)),
            ", ".join(step.name for step in ordered(pipeline)),
        )
        for pipeline in found
    ]
    if rows:
        print_table(console_of(), ("PIPELINE", "STARTS WITH", "STEPS"), rows)
    else:
        print_note("There is no pipeline yet: write one into pipelines/.")
    return 0


def _document(
    pipeline: Pipeline, given: argparse.Namespace, paused: Mapping[str, Pause]
) -> dict[str, object]:
    found = paused.get(pipeline.name)
    return document(pipeline) | ({"paused": asdict(found) if found else None} if given.paused else {})


def _paused(found: Pause | None) -> str:
    return f" (paused since {moment(found.since)}, {found.waiting:,} wait)" if found else ""


def _starts_with(pipeline: Pipeline) -> str:
    condition = f" (only with {variable(pipeline.only_with)}=true)" if pipeline.only_with else ""
    return " and ".join(triggers_of(pipeline)) + condition
