"""`sluice graph NAME`: draws a pipeline in the terminal, or for documentation."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cli.console import aligned, say, say_json
from cli.drawing import draw
from cli.edges import described, edges_of, kind_of, ordered, triggers_of
from cli.failures import CommandError
from cli.mermaid import mermaid
from cli.options import command
from local.paths import REPOSITORY
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipelines

if TYPE_CHECKING:
    from cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "graph",
        "draw a pipeline",
        "Draws a pipeline of this repository: its steps and who waits for whom.",
    )
    parser.add_argument("name", metavar="NAME", help="the pipeline's name; `sluice pipelines` lists them")
    parser.add_argument("--mermaid", action="store_true", help="print a Mermaid flowchart, for documentation")
    parser.set_defaults(run=lambda given: graph(given, REPOSITORY))


def graph(given: argparse.Namespace, root: Path) -> int:
    """Draw a pipeline of ``root/pipelines``; raises CommandError when there is none of that name."""
    pipeline = named(given.name, root)
    if given.json:
        say_json(document(pipeline))
    elif given.mermaid:
        say(mermaid(pipeline))
    else:
        say(f"{pipeline.name}   starts with {', '.join(triggers_of(pipeline))}\n")
        for line in lines(pipeline):
            say(line)
    return 0


def named(name: str, root: Path) -> Pipeline:
    """Return a pipeline by its name; raises CommandError."""
    pipelines = {str(pipeline.name): pipeline for pipeline in load_pipelines(root)}
    if name not in pipelines:
        raise CommandError(
            f"Expected the name of a pipeline ({', '.join(pipelines) or 'there is none yet'}), found"
            f" {name!r}."
        )
    return pipelines[name]


def lines(pipeline: Pipeline) -> list[str]:
    """Return the drawing for a terminal."""
    steps = ordered(pipeline)
    words = aligned([(step.name, described(step)) for step in steps])
    return draw(dict(zip([step.name for step in steps], words, strict=True)), edges_of(pipeline))


def document(pipeline: Pipeline) -> dict[str, object]:
    """Return a pipeline for programs."""
    return {
        "name": pipeline.name,
        "triggers": triggers_of(pipeline),
        "only_with": pipeline.only_with,
        "steps": [{"name": step.name, "kind": kind_of(step)} for step in ordered(pipeline)],
        "edges": [asdict(edge) for edge in edges_of(pipeline)],
    }
