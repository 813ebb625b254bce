"""How followed runs ended: why those failed that did, and the command that comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from cli.screen.words import by_state, failed_count, short_name
from sluice.operate.runs.view import RunView, StepView
from sluice.run.compiled import Kind
from sluice.run.state import RunState
from sluice.visible import visible

_SHOWN_RUNS = 5
_SHOWN_STEPS = 3
_INDENT = "  "
_NO_REASON = "no reason is recorded yet; the alert has it once the ledger does"


def print_ending(views: Sequence[RunView], console: Console) -> None:
    """Print how the runs ended, each reason whole: folded at words on a terminal, one line elsewhere."""
    if console.is_terminal:
        console.print()
    unlike = [view for view in views if view.state is not RunState.SUCCEEDED]
    for view in unlike[:_SHOWN_RUNS]:
        _print(console, [*_why(view), *_commands(view)])
    if len(unlike) > _SHOWN_RUNS:
        rest = by_state(str(view.state) for view in unlike[_SHOWN_RUNS:])
        _print(console, [Text(f"And {rest} more: sluice runs --state failed")])
    done = [view for view in views if view.state is RunState.SUCCEEDED]
    for view in done[:_SHOWN_RUNS]:
        _print(console, _success(view))


def _why(view: RunView) -> Iterator[Text]:
    name = short_name(view)
    if view.state is not RunState.FAILED:
        yield Text(f"{name} was {view.state.lower()}.", style="yellow")
        return
    failed = [step for step in view.steps if step.state == "FAILED"]
    if not failed:
        yield Text(f"{name} failed: {_NO_REASON}.", style="bold red")
    for step in failed[:_SHOWN_STEPS]:
        yield Text.assemble(
            (f"{name} failed at {visible(step.name)}: ", "bold red"), visible(step.reason or _NO_REASON)
        )
    if len(failed) > _SHOWN_STEPS:
        others = ", ".join(visible(step.name) for step in failed[_SHOWN_STEPS:])
        yield Text(f"{name} failed at {len(failed) - _SHOWN_STEPS} more: {others}")


def _commands(view: RunView) -> Iterator[Text]:
    name = short_name(view)
    if view.state is not RunState.FAILED:
        yield _command("What it did:", f"sluice show {name}")
        return
    yield _command("Each reason, with its items:", f"sluice show {name}")
    failed = next((step for step in view.steps if step.state == "FAILED"), None)
    if failed is not None and _has_log(failed):
        yield _command("What it wrote:", f"sluice logs {name} {visible(failed.name)}")
    yield _command("When the cause is gone:", f"sluice retry {name}")
    yield _command("With mended, deployed code:", "the same --with-current-code")


def _success(view: RunView) -> Iterator[Text]:
    name = short_name(view)
    cleanups = [step for step in view.steps if step.kind == Kind.CLEANUP and step.state == "FAILED"]
    lost = list(_lost([step for step in view.steps if step not in cleanups]))
    if lost:
        yield Text(f"{name} succeeded without what failed: {', '.join(lost)}.", style="yellow")
        yield _command("Each reason, with its items:", f"sluice show {name}")
    for cleanup in cleanups:
        yield from _failed_cleanup(name, cleanup)
    yield _command(f"The results of {name}:" if not lost else "Its results:", f"sluice results {name}")


def _lost(steps: Sequence[StepView]) -> Iterator[str]:
    for step in steps:
        if failed := failed_count(step):
            yield f"{failed} of {visible(step.name)}"


def _failed_cleanup(name: str, cleanup: StepView) -> Iterator[Text]:
    why = visible(cleanup.reason or _NO_REASON)
    yield Text.assemble((f"{name} succeeded, but its cleanup failed: ", "yellow"), why)
    yield _command("When the cause is mended:", f"sluice retry {name}")


def _has_log(step: StepView) -> bool:
    """Return whether a job of the step has begun: before that, none writes."""
    return step.seconds is not None


def _command(what: str, command: str) -> Text:
    return Text.assemble(_INDENT, (f"{what:<28} ", "dim"), (command, "bold"))


def _print(console: Console, lines: Iterator[Text] | Sequence[Text]) -> None:
    for line in lines:
        # Elsewhere than on a terminal a line is one line, however long: programs read it.
        # Beside ``soft_wrap`` an overflow would cut it: https://github.com/Textualize/rich/blob/master/rich/text.py
        if console.is_terminal:
            console.print(line, highlight=False, overflow="fold")
        else:
            console.print(line, highlight=False, soft_wrap=True)
