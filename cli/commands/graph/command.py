"""`sluice graph NAME`: draws a pipeline in the terminal, or for documentation."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.commands.graph.drawing import draw
from cli.commands.graph.mermaid import mermaid
from cli.console import aligned, print_json, print_line, print_text
from cli.options import Commands, command
from local.paths import REPOSITORY
from sluice.operate.pipeline_graph import described, document, edges_of, ordered, triggers_of
from sluice.operate.pipelines import find_pipeline
from sluice.pipeline.definition import Pipeline


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "graph",
        "draw a pipeline",
        "Draws a pipeline of this repository: its steps and what each waits for.",
    )
    parser.add_argument("name", metavar="NAME", help="the pipeline's name; `sluice pipelines` lists them")
    parser.add_argument("--mermaid", action="store_true", help="print a Mermaid flowchart, for documentation")
    parser.set_defaults(run=lambda given: graph(given, REPOSITORY))


def graph(given: argparse.Namespace, root: Path) -> int:
    """Draw a pipeline of ``root/pipelines``; raises OperationError when there is none of that name."""
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


def lines(pipeline: Pipeline) -> list[str]:
    """Return the drawing for a terminal."""
    steps = ordered(pipeline)
    words = aligned([(step.name, described(step)) for step in steps])
    return draw(dict(zip([step.name for step in steps], words, strict=True)), edges_of(pipeline))
