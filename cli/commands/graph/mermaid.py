"""Draws a pipeline as a Mermaid flowchart, for documentation. Pure.

Syntax: https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

from collections.abc import Iterator

from sluice.operate.pipeline_graph import Edge, Why, edges_of, ordered, triggers_of
from sluice.pipeline.definition import Array, MultiNode, Pipeline, Plan, Step

_ARROWS = {
    Why.ITEMS: "-->|items|",
    Why.EACH: "==>|child by child|",
    Why.AFTER: "-->",
    Why.FINISHED: "-.->|enough|",
    Why.ALWAYS: "-.->|any end|",
}


def mermaid(pipeline: Pipeline) -> str:
    """Return the text of a flowchart: plans are hexagons, arrays have double walls, multi-node steps lean.

    Thick arrows go from child i to child i.
    """
    return "\n".join(["flowchart TD", *(f"    {line}" for line in _lines(pipeline))])


def _lines(pipeline: Pipeline) -> Iterator[str]:
    steps, edges = ordered(pipeline), edges_of(pipeline)
    # Names of our own: `end`, for one, is a good name of a step and a word of Mermaid's.
    ids = {step.name: f"s{number}" for number, step in enumerate(steps)}
    waiting = {edge.child for edge in edges}
    for number, trigger in enumerate(triggers_of(pipeline)):
        yield f"t{number}([{_quoted(trigger)}])"
    for step in steps:
        yield ids[step.name] + _shape(step)
    for number, _ in enumerate(pipeline.triggers):
        yield from (f"t{number} -.-> {ids[step.name]}" for step in steps if step.name not in waiting)
    yield from (_arrow(edge, ids) for edge in edges)


def _arrow(edge: Edge, ids: dict[str, str]) -> str:
    return f"{ids[edge.parent]} {_ARROWS[edge.why]} {ids[edge.child]}"


def _shape(step: Step) -> str:
    if isinstance(step, Plan):
        return f"{{{{{_quoted(step.name)}}}}}"
    if isinstance(step, MultiNode):
        return f"[/{_quoted(step.name)}/]"
    return f"[[{_quoted(step.name)}]]" if isinstance(step, Array) else f"[{_quoted(step.name)}]"


def _quoted(text: str) -> str:
    # In quotes an asterisk would begin Mermaid's Markdown only between backticks; a quotation mark is the one
    # thing to escape.
    return '"' + text.replace('"', "#quot;") + '"'
