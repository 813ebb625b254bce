"""The graphs of runs."""

from __future__ import annotations

from datetime import timedelta

from console import contract
from tests.console.made_up.sizes import BEGAN, CHILDREN, LAYERS, STEPS, iso


def _node(name: str, kind: str, state: str, x: float, y: float, counts: contract.Counts) -> contract.Node:
    children = counts.done + counts.failed + counts.running + counts.waiting
    return contract.Node(
        name=name,
        kind=kind,
        state=state,
        x=x,
        y=y,
        children=children,
        counts=counts,
        items=children * 100 if kind == "array" else None,
        failed_items=counts.failed or None,
        generation=0,
        seconds=None if state in ("WAITING", "NOT_RUN") else 12.5 + y,
        started_at=None if state in ("WAITING", "NOT_RUN") else iso(BEGAN),
        ended_at=iso(BEGAN + timedelta(seconds=12)) if state in ("SUCCEEDED", "FAILED") else None,
        reason="ValueError: 3 of 200 items failed" if state == "FAILED" else None,
        own=kind in ("start", "gate", "cleanup"),
    )


def huge(share: float) -> contract.Graph:
    """Return 1,000 steps in 40 layers, the first ones done."""
    height = STEPS // LAYERS
    nodes = []
    for number in range(STEPS):
        x, y = divmod(number, height)
        place = (x + y / height) / LAYERS
        state = "SUCCEEDED" if place < share - 0.05 else "RUNNING" if place < share else "WAITING"
        counts = {
            "SUCCEEDED": contract.Counts(done=100),
            "RUNNING": contract.Counts(done=int((share - place) * 1900), running=5, waiting=1),
            "WAITING": contract.Counts(waiting=100),
        }[state]
        nodes.append(_node(f"step-{number}", "array", state, x, y, counts))
    edges = [
        contract.Edge(
            parent=f"step-{number}",
            child=f"step-{number + height + move}",
            why="each" if move == 0 else "after",
            text="child i waits for child i" if move == 0 else "waits for all children",
            open=nodes[number].state != "SUCCEEDED",
        )
        for number in range(STEPS - height)
        for move in (0, 1)
        if move == 0 or 0 <= number % height + move < height
    ]
    return contract.Graph(nodes=tuple(nodes), edges=tuple(edges), width=LAYERS, height=height)


def small(line: contract.RunLine, share: float) -> contract.Graph:
    """Return five steps in a row."""
    ended, work = line.state != "RUNNING", _work_counts(line, share)
    one = contract.Counts(done=1)
    after = {"SUCCEEDED": "SUCCEEDED", "FAILED": "NOT_RUN", "CANCELLED": "NOT_RUN"}.get(line.state, "WAITING")
    last = one if after == "SUCCEEDED" else contract.Counts(waiting=1)
    state = "RUNNABLE" if line.pipeline == "stuck" and not ended else line.state
    nodes = (
        _node("start", "start", "SUCCEEDED", 0, 0, one),
        _node("plan", "plan", "SUCCEEDED", 1, 0, one),
        _node("work", "array", "FAILED" if state == "CANCELLED" else state, 2, 0, work),
        _node("merge", "job", after, 3, 0, last),
        _node("cleanup", "cleanup", after, 4, 0, last),
    )
    edges = tuple(
        contract.Edge(parent=parent, child=child, why=why, text=text, open=waits and not ended)
        for parent, child, why, text, waits in (
            ("start", "plan", "after", "waits for its success", False),
            ("plan", "work", "items_of", "works on the items that plan finds", False),
            ("work", "merge", "finished", "waits for at least 99 % of its items", True),
            ("merge", "cleanup", "always", "waits for its end, however it ends", True),
        )
    )
    return contract.Graph(nodes=nodes, edges=edges, width=5, height=1)


def _work_counts(line: contract.RunLine, share: float) -> contract.Counts:
    total = CHILDREN if line.pipeline == "wide" else 200
    if line.state != "RUNNING":
        failed = 4 if line.state == "FAILED" else 0
        return contract.Counts(done=total - failed, failed=failed)
    if line.pipeline == "stuck":
        return contract.Counts(waiting=total)
    done, failed = int(total * share * 0.998), int(total * share * 0.002)
    running = min(total - done - failed, total // 50)
    return contract.Counts(done=done, failed=failed, running=running, waiting=total - done - failed - running)
