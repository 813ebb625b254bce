"""Which items an array may work on, and which arrays have the same children."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Array, Job, Plan
from sluice.pipeline.validation.steps.items import Children, check_items, children_of
from tests.sluice.pipeline.validation.pipelines import Case, check_case, mistakes_of, valid

CASES: dict[str, Case] = {
    "no items in a child": (
        [Plan("p", run="split"), Array("a", run="count", items_of="p", items_per_child=0)],
        "steps['a'].items_per_child",
        "greater than or equal to 1",
    ),
    "items_per_child beside each": (
        [
            Plan("p", run="split"),
            Array("a", run="count", items_of="p"),
            Array("b", run="count", each="a", items_per_child=2),
        ],
        "steps['b'].items_per_child",
        "none beside each=",
    ),
    "an array of nothing": ([Array("a", run="count")], "steps['a']", "found none"),
    "a size of 0": ([Array("a", run="count", size=0)], "steps['a'].size", "greater than or equal to 1"),
    "a size of 10,000,001": (
        [Array("a", run="count", size=10_000_001)],
        "steps['a'].size",
        "less than or equal to 10000000",
    ),
    "a size of 2.5": ([Array("a", run="count", size=2.5)], "steps['a'].size", "a valid integer"),  # type: ignore[arg-type]
    "a size beside items_of": (
        [Plan("p", run="split"), Array("a", run="count", items_of="p", size=3)],
        "steps['a']",
        "found items_of= and size=",
    ),
    "one child of a command": (
        [Array("a", command=["wc"], image="busybox", size=1)],
        "steps['a'].size",
        "2 to 10000 children",
    ),
    "10,001 children of a command": (
        [Array("a", command=["wc"], image="busybox", size=10_001)],
        "steps['a'].size",
        "2 to 10000 children",
    ),
    "slices of a command": (
        [Array("a", command=["wc"], image="busybox", size=10, items_per_child=2)],
        "steps['a'].items_per_child",
        "1 for a command",
    ),
    "a command for the items of a plan": (
        [Plan("p", run="split"), Array("a", command=["wc"], image="busybox", items_of="p")],
        "steps['a'].command",
        "a function for the items of a Plan",
    ),
    "an array of two things": (
        [
            Plan("p", run="split"),
            Array("a", run="count", items_of="p"),
            Array("b", run="count", items_of="p", each="a"),
        ],
        "steps['b']",
        "found items_of= and each=",
    ),
    "items of a job": (
        [Job("p", run="split"), Array("a", run="count", items_of="p")],
        "steps['a'].items_of",
        "the name of a Plan",
    ),
    "each of a plan": (
        [Plan("p", run="split"), Array("a", run="count", each="p")],
        "steps['a'].each",
        "the name of an Array",
    ),
    "each of an unknown array": (
        [Array("a", run="count", size=2), Array("b", run="count", each=["a", "x"])],
        "steps['b'].each",
        "found 'x'",
    ),
    "each of nothing": ([Array("b", run="count", each=[])], "steps['b'].each", "at least 1 item"),
    "each of a number": ([Array("b", run="count", each=3)], "steps['b'].each", "a valid string"),  # type: ignore[arg-type]
    "each of numbers": ([Array("b", run="count", each=[3])], "steps['b'].each[0]", "a valid string"),  # type: ignore[list-item]
    "each of arrays of different sizes": (
        [
            Array("a", run="count", size=2),
            Array("b", run="count", size=3),
            Array("c", run="count", each=["a", "b"]),
        ],
        "steps['c'].each",
        "arrays of the very same children, found 'a' (2 items, 1 a child), 'b' (3 items, 1 a child)",
    ),
    "each of arrays with different slices": (
        [
            Plan("p", run="split"),
            Array("a", run="count", items_of="p"),
            Array("b", run="count", items_of="p", items_per_child=2),
            Array("c", run="count", each="b"),
            Array("d", run="count", each=["a", "c"]),
        ],
        "steps['d'].each",
        "'a' (the items of p, 1 a child), 'c' (the items of p, 2 a child)",
    ),
    "more arrays to follow than places": (
        [
            *(Array(f"a{number}", run="count", size=2) for number in range(20)),
            Array("b", run="count", each=[f"a{number}" for number in range(20)], sequential=True),
        ],
        "steps['b'].each",
        "at most 19 arrays, found 20",
    ),
    "no place for a gate beside the arrays to follow": (
        [
            Job("j", run="merge"),
            *(Array(f"a{number}", run="count", size=2) for number in range(20)),
            Array("b", run="count", each=[f"a{number}" for number in range(20)], after=["j"]),
        ],
        "steps['b'].each",
        "at most 19 arrays, found 20",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_reported_at_its_field(case: Case) -> None:
    """The report names the field and says what was expected or found."""
    check_case(case)


@pytest.mark.parametrize(
    "steps",
    [
        [Job("hello", image="busybox", command=["echo", "hello world"])],
        [Job("hello", image="public.ecr.aws/docker/library/busybox:1.37@sha256:0a", command=["echo"])],
        [
            Array("throw", run="count", size=10_000),
            Array("next", run="count", each="throw"),
            Job("m", run="merge", after=["next"]),
        ],
        [Array("throw", run="count", size=1, items_per_child=5)],
        [
            *(Array(f"a{number}", run="count", size=2) for number in range(20)),
            Array("b", run="count", each=[f"a{number}" for number in range(20)]),
        ],
        [
            Array("echo", image="busybox", command=["echo"], size=2),
            Array("more", image="busybox", command=["echo"], each="echo"),
        ],
    ],
)
def test_plain_images_and_fixed_sizes_are_valid(steps: list[Any]) -> None:
    """Any image, and arrays without a plan."""
    assert mistakes_of(valid(steps=steps)) == ""


def followed(**arrays: tuple[int, Any]) -> list[str]:
    """Return the mistakes of an array that follows arrays with these sizes and items a child, by name."""
    steps: dict[str, Any] = {
        name: Array(name, run="count", size=size, items_per_child=items)
        for name, (size, items) in arrays.items()
    }
    step = Array("last", run="count", each=list(arrays))
    return [mistake.expected for mistake in check_items("steps['last']", step, steps)]


@pytest.mark.parametrize(
    ("second", "same"), [(1, True), (1.0, True), (True, True), ("1", False), (2, False), (None, False)]
)
def test_children_are_compared_by_their_values_and_not_by_their_text(second: Any, same: bool) -> None:
    """A 1 and a "1" are written alike and differ; a 1 and a 1.0 are written differently and are equal."""
    expected = [] if same else ["arrays of the very same children"]
    assert followed(a=(3, 1), b=(3, second)) == expected


def test_children_that_cannot_be_hashed_are_compared_too() -> None:
    """Their wrong type is reported elsewhere."""
    assert followed(a=(3, [1]), b=(3, [1])) == []


def test_an_array_at_the_end_of_a_chain_has_the_children_of_its_head() -> None:
    """However long the chain; a cycle ends it, and a missing head has none."""
    chain = [
        Array("a", run="count", size=3),
        Array("b", run="count", each="a"),
        Array("c", run="count", each="b"),
    ]
    steps: dict[str, Any] = {one.name: one for one in chain}
    assert children_of("c", steps) == Children(items_of=None, size=3, items_per_child=1)
    assert children_of("missing", steps) is None
    assert children_of("d", {"d": Array("d", run="count", each="d")}) is not None
