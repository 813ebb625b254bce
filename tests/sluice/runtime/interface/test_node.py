"""What the function of a multi-node step is given."""

from __future__ import annotations

import pytest

from sluice.steps import Node, Request


@pytest.mark.parametrize(("index", "is_main"), [(0, True), (1, False)])
def test_node_0_is_the_main_node(index: int, is_main: bool) -> None:
    """The job definitions of Sluice say so to AWS Batch."""
    node = Node(index=index, count=2, address="10.0.0.1", main_address="10.0.0.1", trigger=Request(token="t"))
    assert node.is_main is is_main
