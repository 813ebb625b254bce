"""`sluice graph NAME`: draws a pipeline in the terminal, or for documentation."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cli.commands.graph.drawing import draw
from cli.commands.graph.mermaid import mermaid
from cli.commands.graph.project import project_document, project_lines, project_mermaid
from cli.console import aligned, print_json, print_line, print_text
from cli.errors import UsageError
from cli.options import Commands, command
from cli.project import current_project
from sluice.operate.pipeline_graph import described, document, edges_of, ordered, triggers_of
from sluice.operate.pipelines import find_pipeline
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipelines


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "graph",
        "draw a pipeline",
        "Draws a pipeline of the project: its steps and what each waits for.",
    )
    about = "the pipeline's name; `sluice pipelines` lists them"
    parser.add_argument("name", metavar="NAME", nargs="?", help=about)
    parser.add_argument("--all", action="store_true", help="all pipelines, and the files between them")
    parser.add_argument("--mermaid", action="store_true", help="print a Mermaid flowchart, for documentation")
    parser.set_defaults(run=lambda given: graph(given, current_project().root))


def graph(given: argparse.Namespace, root: Path) -> int:
    """Draw a pipeline of ``root/pipelines``, or all of them.

    Raises OperationError when there is none of that name, UsageError without a name and ``--all``, or with
    both.
    """
    if given.all == (given.name is not None):
        raise UsageError("Expected the name of a pipeline or --all, and not both.")
    if given.all:
        return _draw_all(given, load_pipelines(root))
    pipeline = find_pipeline(given.name, root)
    if given.json:
        print_json(document(pipeline))
    elif given.mermaid:
        print_text(mermaid(pipeline))
    else:
        print_line(f"{pipeline.name}   starts with {', '.join(triggers_of(pipeline))}")
        print_line("")
        for line in lines(pipeline):
            print_line(line)
    return 0


def _draw_all(given: argparse.Namespace, pipelines: Sequence[Pipeline]) -> int:
    if given.json:
        print_json(project_document(pipelines))
    elif given.mermaid:
        print_text(project_mermaid(pipelines))
    else:
        for line in project_lines(pipelines):
            print_line(line)
    return 0


def lines(pipeline: Pipeline) -> list[str]:
    """Return the drawing for a terminal."""
    steps = ordered(pipeline)
    words = aligned([(step.name, described(step)) for step in steps])
    return draw(dict(zip([step.name for step in steps], words, strict=True)), edges_of(pipeline))
