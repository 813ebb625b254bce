"""`sluice pipelines`: lists the pipelines of this repository, which are those that a deploy brings to the
cloud.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.console import console_of, print_json, print_note, print_table
from cli.options import Commands, command
from local.paths import REPOSITORY
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
        "Lists the pipelines of this repository, as the next deploy brings them.",
    )
    parser.set_defaults(run=lambda given: pipelines(given, REPOSITORY))


def pipelines(given: argparse.Namespace, root: Path) -> int:
    """List the pipelines of ``root/pipelines``; raises PipelineError with every mistake of their files."""
    found = load_pipelines(root)
    if given.json:
        print_json([document(pipeline) for pipeline in found])
        return 0
    rows = [
        (str(pipeline.name), _starts_with(pipeline), ", ".join(step.name for step in ordered(pipeline)))
        for pipeline in found
    ]
    if rows:
        print_table(console_of(), ("PIPELINE", "STARTS WITH", "STEPS"), rows)
    else:
        print_note("There is no pipeline yet: write one into pipelines/.")
    return 0


def _starts_with(pipeline: Pipeline) -> str:
    condition = f" (only with {variable(pipeline.only_with)}=true)" if pipeline.only_with else ""
    return " and ".join(triggers_of(pipeline)) + condition
