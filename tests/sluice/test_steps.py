"""The public interface of step code: what it has, and that its documentation shows each kind of function."""

from __future__ import annotations

import inspect
import re
import textwrap

import pytest

from sluice import steps

SIGNATURES = (
    "def split(upload: Upload)",
    "def count(item: Item, out: Out)",
    "def merge(results: Results, out: Out)",
    "def train(node: Node, out: Out)",
    "def regroup(trigger: Trigger, results: Results)",
)


def test_every_name_is_there_and_documented() -> None:
    """The names that the docstring uses are those that can be imported."""
    assert all(hasattr(steps, name) for name in steps.__all__)
    documentation = inspect.getdoc(steps) or ""
    assert [name for name in steps.__all__ if not re.search(rf"\b{name}\b", documentation)] == []


@pytest.mark.parametrize("signature", SIGNATURES)
def test_the_documentation_has_an_example_of_each_kind_of_function(signature: str) -> None:
    """A plan, an array, a job, the nodes of a multi-node step, and what reads upstream results."""
    assert signature in (inspect.getdoc(steps) or "")


def test_the_examples_are_python() -> None:
    """Each can be compiled."""
    blocks = re.findall(r"::\n\n((?:    .*\n|\n)+)", f"{inspect.getdoc(steps)}\n")
    assert len(blocks) >= len(SIGNATURES)
    for block in blocks:
        compile(textwrap.dedent(block), "example", "exec")
