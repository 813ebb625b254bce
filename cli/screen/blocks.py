"""The lines of one run: its head, a row for each step, and the reasons of those that failed, folded at
words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cli.screen.words import by_state, child_count, cut_end, cut_middle, remark, styled
from cli.times import duration
from sluice.counted import counted
from sluice.operate.runs.view import RunView, StepView
from sluice.visible import visible

_GAP = "  "
_MIN_NAME, _STATE_WIDTH, _TIME_WIDTH = 10, 9, 8
_SHORTEST_BAR, _LONGEST_BAR = 6, 24
_INDENT = "    "
_REASON_LINES = 3
"""Of a long reason these stand in a table that has to be summed up; the end of the run has it whole."""
_IN_FLIGHT = ("RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUBMITTED")
_DONE = ("SUCCEEDED", "EMPTY")


@dataclass(frozen=True, slots=True)
class Row:
    """A step's line and those of its reason; ``rank`` is lower for what matters more."""

    step: StepView
    line: Text
    reason: tuple[Text, ...]

    @property
    def rank(self) -> int:
        """Return the place of the step's state among those that a person looks for."""
        if self.step.failed or self.step.state == "FAILED":
            return 0
        if self.step.state in _IN_FLIGHT:
            return 1
        return 2 if self.is_done else 3

    @property
    def is_done(self) -> bool:
        """Return whether the step has ended well."""
        return self.step.state in _DONE


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of a run: a head, and rows in the order of its steps."""

    head: Text
    rows: tuple[Row, ...]

    @property
    def height(self) -> int:
        """Return how many lines the whole block has."""
        return 1 + sum(1 + len(row.reason) for row in self.rows)

    def whole(self) -> list[Text]:
        """Return all lines."""
        return [self.head, *(line for row in self.rows for line in (row.line, *row.reason))]

    def within(self, height: int, width: int) -> list[Text]:
        """Return at most ``height`` lines: the head, what matters most, and a line that sums up the rest."""
        if height >= self.height:
            return self.whole()
        return [self.head, *self._summed_up(height - 1, width)][: max(1, height)]

    def _summed_up(self, height: int, width: int) -> Iterator[Text]:
        shown = dict(self._chosen(height - 1))
        for row in self.rows:
            if row.step.name in shown:
                yield row.line
                yield from shown[row.step.name]
        rest = [row.step.state for row in self.rows if row.step.name not in shown]
        if rest:
            more = counted(len(rest), "more step" if shown else "step")
            yield _within(Text(f"{_GAP}{more}: {by_state(rest)}", style="dim"), width)

    def _chosen(self, height: int) -> Iterator[tuple[str, tuple[Text, ...]]]:
        """Yield the names of the rows that fit, by rank, each with so much of its reason."""
        # Of what is done, the latest stands nearest to what is under way.
        numbered = sorted(enumerate(self.rows), key=lambda one: (one[1].rank, -one[0] * one[1].is_done))
        for _, row in numbered:
            if height < 1:
                return
            reason = _shortened(row.reason, min(_REASON_LINES, height - 1))
            height -= 1 + len(reason)
            yield row.step.name, reason


def blocks_of(views: Sequence[RunView], console: Console, width: int) -> list[Block]:
    """Return a block for each run, with columns that all of them share."""
    steps = [step for view in views for step in view.steps]
    names = max((cell_len(visible(step.name)) for step in steps), default=0)
    counts = max((len(child_count(step)) for step in steps), default=0)
    columns = _Columns(min(max(names, _MIN_NAME), width // 3), counts, width)
    return [
        Block(_head(view, width), tuple(_row(step, columns, console) for step in view.steps))
        for view in views
    ]


@dataclass(frozen=True, slots=True)
class _Columns:
    name: int
    count: int
    width: int

    @property
    def bar(self) -> int:
        """Return the width of the bars: what the other columns leave, nothing where that is too little."""
        left = self.width - self.name - _STATE_WIDTH - self.count - _TIME_WIDTH - 4 * len(_GAP)
        return min(left, _LONGEST_BAR) if left >= _SHORTEST_BAR else 0


def _head(view: RunView, width: int) -> Text:
    state, took, pipeline = str(view.state), duration(view.seconds), visible(view.pipeline)
    room = width - cell_len(pipeline) - len(state) - len(took) - 3 * len(_GAP)
    shown = (
        Text.assemble(
            (pipeline, "bold"), _GAP, cut_middle(visible(view.input), room), _GAP, styled(state), _GAP, took
        )
        if room > len(_INDENT)
        else Text.assemble((pipeline, "bold"), _GAP, styled(state), _GAP, took)
    )
    return _within(shown, width)


def _row(step: StepView, columns: _Columns, console: Console) -> Row:
    bar = _bar(step, columns.bar)
    line = Text.assemble(
        cut_end(visible(step.name), columns.name).ljust(columns.name),
        _GAP,
        (step.state.ljust(_STATE_WIDTH), styled(step.state).style),
        _GAP if columns.bar else "",
        bar,
        _GAP,
        child_count(step).rjust(columns.count),
        _GAP,
        duration(step.seconds).rjust(_TIME_WIDTH),
    )
    line.rstrip()
    return Row(step, _within(line, columns.width), tuple(_folded(remark(step), columns.width, console)))


def _bar(step: StepView, width: int) -> Text:
    if step.children == 0:
        return Text(" " * width)
    ended = min(step.done + step.failed, step.children)
    full = width * ended // step.children
    return Text.assemble(
        ("━" * full, "red" if step.failed else "green"), ("━" * (width - full), "bright_black")
    )


def _folded(reason: str, width: int, console: Console) -> Iterator[Text]:
    if not reason:
        return
    lines = Text(visible(reason), style="red").wrap(
        console, max(1, width - len(_INDENT)), overflow="fold", tab_size=1
    )
    for line in lines:
        line.rstrip()
        yield Text.assemble(_INDENT, line)


def _shortened(reason: tuple[Text, ...], lines: int) -> tuple[Text, ...]:
    """Return so many lines of a reason; the last one says when it goes on."""
    if len(reason) <= lines or lines < 1:
        return reason[: max(0, lines)]
    last = reason[lines - 1].copy()
    last.truncate(max(1, last.cell_len - 1))
    last.append(" …" if last.plain.endswith(" ") else "…")
    return (*reason[: lines - 1], last)


def _within(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line
