"""The words, colours and short names that tables and lines share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from sluice.counted import counted
from sluice.operate.runs.view import NOT_RUN, WAITING, RunView, StepView
from sluice.visible import visible

_STYLES = {
    "SUCCEEDED": "green",
    "FAILED": "bold red",
    "RUNNING": "cyan",
    WAITING: "dim",
    NOT_RUN: "dim",
    "EMPTY": "dim",
}
_OTHER_STYLE = "yellow"
_DIGEST_CHARACTERS = 6
"""What runs of one pipeline differ in; `sluice show` takes a run's id by its beginning."""
ELLIPSIS = "…"
_NARROW = 16
"""In so few cells only the end of a key says something."""


def styled(state: str) -> Text:
    """Return a state in its colour."""
    return Text(state, style=_STYLES.get(state, _OTHER_STYLE))


def short_name(view: RunView) -> str:
    """Return the beginning of a run's id: its pipeline, and a part of what follows."""
    return visible(view.run_id[: len(view.pipeline) + 1 + _DIGEST_CHARACTERS])


def child_count(step: StepView) -> str:
    """Return how many children of a step are done, or nothing when it has none yet."""
    return f"{step.done} of {step.children}" if step.children else ""


def failed_count(step: StepView) -> str:
    """Return how many items of a step failed, or children where items are not counted; nothing for none."""
    if step.failed_items:
        return f"{step.failed_items:,} of {counted(step.items, 'item')}"
    return f"{step.failed:,} of {counted(step.children, 'child', 'children')}" if step.failed else ""


def remark(step: StepView) -> str:
    """Return why a step failed, or what failed of one that counts as done; nothing where there is neither."""
    if step.reason or step.state != "SUCCEEDED" or not (failed := failed_count(step)):
        return step.reason or ""
    return f"{failed} failed"


def by_state(states: Iterable[str]) -> str:
    """Return how many there are of each state, the most frequent first."""
    return ", ".join(f"{count:,} {state}" for state, count in Counter(states).most_common())


def cut_end(text: str, width: int) -> str:
    """Return a text of at most ``width`` cells, with an ellipsis in the place of its end."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + ELLIPSIS


def cut_middle(text: str, width: int) -> str:
    """Return a text of at most ``width`` cells, with an ellipsis in its middle: of a key, the end says
    most.
    """
    if cell_len(text) <= width:
        return text
    kept = width * 2 // 3 if width > _NARROW else width - 1
    end = text[-kept:] if kept > 0 else ""
    while cell_len(end) > kept:
        end = end[1:]
    return set_cell_size(text, max(0, width - 1 - cell_len(end))).rstrip() + ELLIPSIS + end
