"""The drawing of a graph can be followed: its reader finds the graph again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cli.commands.graph.drawing import NODE, draw
from sluice.operate.pipeline_graph import Edge, Why

SIX_JOBS = {"a": (), "b": ("a",), "c": ("a",), "d": ("a", "b"), "e": ("c",), "f": ("d", "e")}


def drawn(graph: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the drawing of a graph, each step's words being its name."""
    return draw(
        {name: name for name in graph},
        [Edge(parent, child, Why.AFTER) for child, parents in graph.items() for parent in parents],
    )


def read(lines: list[str]) -> set[tuple[str, str]]:
    """Return the edges that the lines of a drawing show, followed cell by cell from each step down."""
    names = {(row, line.index(NODE)): line.split()[-1] for row, line in enumerate(lines) if NODE in line}
    return {
        (name, below)
        for (row, column), name in names.items()
        for below in _below(lines, names, row + 1, column)
    }


def _below(lines: list[str], names: dict[tuple[int, int], str], row: int, column: int) -> list[str]:
    cell = _cell(lines, row, column)
    if cell == NODE:
        return [names[row, column]]
    if cell in "│║":
        return _below(lines, names, row + 1, column)
    if cell == "├":
        columns = [column, *_branches(lines[row], column)]
        return [name for at in columns for name in _below(lines, names, row + 1, at)]
    if cell in "┴╯":
        return _below(lines, names, row + 1, lines[row].rindex("├", 0, column))
    return []


def _cell(lines: list[str], row: int, column: int) -> str:
    return lines[row][column] if row < len(lines) and column < len(lines[row]) else " "


def _branches(line: str, column: int) -> list[int]:
    end = next(at for at in range(column, len(line)) if line[at] in "╮╯") + 1
    return [at for at in range(column + 1, end) if line[at] in "┬╮"]


@st.composite
def graphs(draw_: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Return a strategy of acyclic graphs."""
    graph: dict[str, tuple[str, ...]] = {}
    for number in range(draw_(st.integers(0, 9))):
        graph[f"s{number}"] = (
            tuple(draw_(st.lists(st.sampled_from(sorted(graph)), unique=True, max_size=5))) if graph else ()
        )
    return graph


@given(graphs())
def test_every_graph_can_be_read_again(graph: dict[str, tuple[str, ...]]) -> None:
    """The lines show the edges of the graph, all of them and no other."""
    lines = drawn(graph)
    assert read(lines) == {(parent, child) for child, parents in graph.items() for parent in parents}
    assert [line.split()[-1] for line in lines if NODE in line] == list(graph)


def test_six_jobs() -> None:
    """A graph with branches and joins, as a person sees it."""
    assert drawn(SIX_JOBS) == [
        "●       a",
        "├─┬─╮",
        "● │ │   b",
        "│ │ │",
        "│ ● │   c",
        "├─│─╯",
        "● │     d",
        "│ │",
        "│ ●     e",
        "├─╯",
        "●       f",
    ]


def test_child_by_child_is_a_double_line() -> None:
    """An N_TO_N edge looks different from one that waits for the whole."""
    lines = draw({"a": "a", "b": "b", "c": "c"}, [Edge("a", "b", Why.EACH), Edge("b", "c", Why.AFTER)])
    assert lines == ["●   a", "║", "●   b", "│", "●   c"]
