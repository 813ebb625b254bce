"""The graph of the steps, by their names alone."""

from __future__ import annotations

from sluice.run.graph import before, find_cycle, gate_tree, sinks, topological_order


def test_a_graph_has_an_order_sinks_and_no_cycles() -> None:
    """On names alone."""
    parents: dict[str, tuple[str, ...]] = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    assert topological_order(parents) == ("a", "b", "c", "d")
    assert sinks(parents) == ("d",)
    assert before(parents, "d") == {"a", "b", "c"}
    assert find_cycle(parents) == ()
    assert set(find_cycle({"a": ("b",), "b": ("a",)})) == {"a", "b"}


def test_gate_tree_has_levels_until_few_are_left() -> None:
    """Nine names by two: five groups, three, two."""
    assert [len(level) for level in gate_tree("abcdefghi", 2)] == [5, 3, 2]
    assert gate_tree("ab", 2) == ()
