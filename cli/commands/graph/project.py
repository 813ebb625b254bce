"""`sluice graph --all`: draws the pipelines of a project, what starts each, and where it publishes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cli.commands.graph.drawing import draw
from cli.console import aligned
from sluice.operate.pipeline_graph import Edge, Why, results_of, triggers_of
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.chains import upstream_of
from sluice.run.graph import topological_order


def chained(pipelines: Sequence[Pipeline]) -> list[Pipeline]:
    """Return the pipelines so that each follows those that it comes after."""
    by_name = {str(one.name): one for one in pipelines}
    upstream = {name: _upstream(one, by_name) for name, one in by_name.items()}
    return [by_name[name] for name in topological_order(upstream)]


def chain_edges(pipelines: Sequence[Pipeline]) -> list[Edge]:
    """Return an edge for each pipeline that another comes after."""
    by_name = {str(one.name): one for one in pipelines}
    return [
        Edge(name, str(one.name), Why.AFTER) for one in chained(pipelines) for name in _upstream(one, by_name)
    ]


def _upstream(pipeline: Pipeline, by_name: Mapping[str, Pipeline]) -> tuple[str, ...]:
    return tuple(name for name in upstream_of(pipeline) if name in by_name)


def project_lines(pipelines: Sequence[Pipeline]) -> list[str]:
    """Return the drawing for a terminal: a line for each pipeline, chains from top to bottom."""
    ordered = chained(pipelines)
    cells = [(str(one.name), " and ".join(triggers_of(one)), f"→ {results_of(one)}") for one in ordered]
    words = dict(zip([str(one.name) for one in ordered], aligned(cells), strict=True))
    return draw(words, chain_edges(pipelines))


def project_mermaid(pipelines: Sequence[Pipeline]) -> str:
    """Return the text of a Mermaid flowchart: pipelines, and the files between them."""
    return "\n".join(["flowchart TD", *(f"    {line}" for line in _mermaid_lines(pipelines))])


def _mermaid_lines(pipelines: Sequence[Pipeline]) -> Iterator[str]:
    ordered = chained(pipelines)
    ids = {str(one.name): f"p{number}" for number, one in enumerate(ordered)}
    by_name = {str(one.name): one for one in ordered}
    for one in ordered:
        own = ids[str(one.name)]
        yield f"{own}[{_quoted(str(one.name))}]"
        if not _upstream(one, by_name):
            yield f"{own}t([{_quoted(' and '.join(triggers_of(one)))}]) -.-> {own}"
    for edge in chain_edges(pipelines):
        files = _quoted(results_of(by_name[edge.parent]))
        yield f"{ids[edge.parent]} -->|{files}| {ids[edge.child]}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;") + '"'


def project_document(pipelines: Sequence[Pipeline]) -> dict[str, object]:
    """Return the pipelines and their chains for programs."""
    return {
        "pipelines": [
            {"name": one.name, "triggers": triggers_of(one), "results": results_of(one)}
            for one in chained(pipelines)
        ],
        "chains": [{"from": edge.parent, "to": edge.child} for edge in chain_edges(pipelines)],
    }
