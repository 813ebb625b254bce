"""Nodes that run side by side have variables of their own, and leave none behind."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from sluice.testing.environment import job_environment, node_environments

NODES = [{"RANK": str(rank), "SHARED": "1", f"ONLY_{rank}": "x"} for rank in range(8)]


def test_each_node_sees_its_own_variables_at_the_same_time() -> None:
    """By whichever way it asks, however they take turns."""
    together = threading.Barrier(len(NODES))
    with node_environments([*NODES]) as environments, ThreadPoolExecutor(len(NODES)) as nodes:

        def seen(rank: int) -> tuple[str, str | None, bool, bool]:
            environments.enter(NODES[rank])
            together.wait()
            found = (
                os.environ["RANK"],
                os.getenv("SHARED"),
                f"ONLY_{rank}" in os.environ,
                "ONLY_x" in os.environ,
            )
            together.wait()
            return found

        assert list(nodes.map(seen, range(8))) == [(str(rank), "1", True, False) for rank in range(8)]


def test_nodes_leave_nothing_behind() -> None:
    """Neither their own variables nor those that all of them have; what a node sets for all stays."""
    before = dict(os.environ)
    with node_environments([*NODES]) as environments:
        environments.enter(NODES[3])
        os.environ["RANK"] = "33"
        assert (os.environ["RANK"], dict(os.environ)["ONLY_3"], os.environ.copy()["SHARED"]) == (
            "33",
            "x",
            "1",
        )
        del os.environ["ONLY_3"]
        assert "ONLY_3" not in os.environ
        assert len(os.environ) == len(before) + 2
        os.environ["SET"] = "by a node"
    assert dict(os.environ) == {**before, "SET": "by a node"}
    del os.environ["SET"]
    assert dict(os.environ) == before


def test_a_job_puts_back_what_it_found() -> None:
    """Also where it ends with an error."""
    before = dict(os.environ)
    try:
        with job_environment({"PATH": "elsewhere", "NEW": "1"}):
            assert (os.environ["PATH"], os.environ["NEW"]) == ("elsewhere", "1")
            raise ZeroDivisionError
    except ZeroDivisionError:
        assert dict(os.environ) == before
