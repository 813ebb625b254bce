"""The table of runs: whole, or summed up so that it fits a screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from cli.screen.blocks import Block, blocks_of
from cli.screen.words import by_state
from sluice.counted import counted
from sluice.operate.runs.view import RunView
from sluice.run.state import RunState

_URGENCY = {RunState.FAILED: 0, RunState.RUNNING: 1, RunState.SUCCEEDED: 3}
_OTHERS = 2


def table(views: Sequence[RunView], console: Console, height: int | None = None) -> Text:
    """Return the lines of all runs as wide as the console; at most ``height`` of them, where that is
    given.
    """
    blocks = blocks_of(views, console, console.width)
    whole = sum(block.height for block in blocks)
    if height is None or whole <= height:
        lines = [line for block in blocks for line in block.whole()]
    elif len(views) <= height:
        lines = [
            line for block, share in _shared(blocks, height) for line in block.within(share, console.width)
        ]
    else:
        lines = list(_heads(views, blocks, height))
    return Text("\n", no_wrap=True, end="").join(lines)


def _shared(blocks: Sequence[Block], height: int) -> Iterator[tuple[Block, int]]:
    """Yield the blocks with their shares of the lines: those that need few leave theirs to the others."""
    shares: dict[int, int] = {}
    by_need = sorted(range(len(blocks)), key=lambda number: blocks[number].height)
    for done, number in enumerate(by_need):
        fair = (height - sum(shares.values())) // (len(blocks) - done)
        shares[number] = min(blocks[number].height, fair)
    yield from ((block, shares[number]) for number, block in enumerate(blocks))


def _heads(views: Sequence[RunView], blocks: Sequence[Block], height: int) -> Iterator[Text]:
    """Yield the heads of the runs that matter most, and a line that sums up the others."""
    urgent = sorted(range(len(views)), key=lambda number: _URGENCY.get(views[number].state, _OTHERS))
    shown = sorted(urgent[: max(0, height - 1)])
    yield from (blocks[number].head for number in shown)
    rest = [str(views[number].state) for number in urgent[len(shown) :]]
    yield Text(f"{counted(len(rest), 'more run')}: {by_state(rest)}", style="dim")
