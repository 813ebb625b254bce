"""`sluice pipelines`: lists the pipelines of this repository, which are those that a deploy brings to the
cloud.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cli.console import console_of, note, say_json, show_table
from cli.edges import ordered, triggers_of
from cli.graph import document
from cli.options import command
from local.paths import REPOSITORY
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipelines
from stacks.configuration import variable

if TYPE_CHECKING:
    from cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "pipelines",
        "list the pipelines",
        "Lists the pipelines of this repository, as the next deploy brings them.",
    )
    parser.set_defaults(run=lambda given: pipelines(given, REPOSITORY))


def pipelines(given: argparse.Namespace, root: Path) -> int:
    """List the pipelines of ``root/pipelines``; raises PipelineError with every mistake of their files."""
    found = load_pipelines(root)
    if given.json:
        say_json([document(pipeline) for pipeline in found])
        return 0
    rows = [
        (str(pipeline.name), _starts_with(pipeline), ", ".join(step.name for step in ordered(pipeline)))
        for pipeline in found
    ]
    if rows:
        show_table(console_of(), ("PIPELINE", "STARTS WITH", "STEPS"), rows)
    else:
        note("There is no pipeline yet: write one into pipelines/.")
    return 0


def _starts_with(pipeline: Pipeline) -> str:
    condition = f" (only with {variable(pipeline.only_with)}=true)" if pipeline.only_with else ""
    return " and ".join(triggers_of(pipeline)) + condition
