"""What stands on a screen, and what goes into a pipe, while runs are followed; compared as a whole."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest

from cli.console import VisibleConsole
from cli.screen.ending import print_ending
from cli.screen.table import table
from sluice.operate.runs.view import RunView
from sluice.run.state import RunState
from tests.screen.expected import assert_as_expected
from tests.screen.looks import failing, three_runs
from tests.screen.terminal import Terminal
from tests.screen.views import a_run, a_step, twenty_steps, watched

SIZES = pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])


def _screens(terminal: Terminal, looks: Iterable[list[RunView]]) -> list[list[str]]:
    """Return what stands on the screen after each look, and at the end."""
    screens: list[list[str]] = []
    watched(terminal.console, list(looks), lambda: screens.append(terminal.screen))
    return [*screens, terminal.screen]


@SIZES
def test_three_runs_of_twenty_steps_stand_on_one_screen(width: int, height: int) -> None:
    """Nothing scrolls while they run; what does not fit is summed up. At the end the last table and how each
    run ended stand there.
    """
    terminal = Terminal(width, height)
    off: list[int] = []
    looks = list(three_runs())
    screens: list[list[str]] = []

    def look() -> None:
        screens.append(terminal.screen)
        off.append(len(terminal.scrolled_off))

    watched(terminal.console, looks, look)
    assert off == [0] * (len(looks) - 1)
    assert all(len(screen) < height for screen in screens)
    assert_as_expected(f"three-runs-{width}x{height}", [screens[0], screens[-1], terminal.screen])


@SIZES
def test_a_failed_run_ends_with_its_reason_and_the_next_commands(width: int, height: int) -> None:
    """The reason has the whole width, and no word of it is cut."""
    screens = _screens(Terminal(width, height), failing())
    assert_as_expected(f"failing-{width}x{height}", [screens[0], screens[-2], screens[-1]])


@pytest.mark.parametrize("size", [(20, 5), (40, 8), (79, 24), (200, 60), (80, 3)])
def test_any_terminal_is_wide_and_high_enough(size: tuple[int, int]) -> None:
    """Nothing scrolls by in any size."""
    terminal = Terminal(*size)
    runs = [a_run(n, RunState.RUNNING, twenty_steps(n)) for n in range(12)]
    looks = [*[runs] * 10, [a_run(n, RunState.SUCCEEDED, []) for n in range(12)]]
    off: list[int] = []
    watched(terminal.console, looks, lambda: off.append(len(terminal.scrolled_off)))
    assert set(off) == {0}


def test_a_terminal_may_change_its_size() -> None:
    """The next look fits the new one."""
    terminal = Terminal(120, 40)
    watched(terminal.console, list(three_runs()), lambda: terminal.resize(80, 24))
    assert max(map(len, terminal.screen)) <= 80


def test_states_have_colours() -> None:
    """What failed is red, what is done green."""
    terminal = Terminal(80, 24)
    watched(terminal.console, list(failing()))
    assert terminal.colour_of("FAILED") == "red"
    assert terminal.colour_of("SUCCEEDED") == "green"


def test_wide_characters_count_twice() -> None:
    """A key in Chinese does not push the state out of the line."""
    terminal = Terminal(80, 24)
    run = a_run(1, RunState.SUCCEEDED, [])
    wide = RunView(
        run_id=run.run_id, pipeline=run.pipeline, input="報告書" * 30, state=run.state, seconds=1.0, steps=()
    )
    watched(terminal.console, [[wide]])
    assert terminal.screen[0].endswith("SUCCEEDED  1.0 s")


@pytest.mark.parametrize(("name", "looks"), [("failing", failing), ("three-runs", three_runs)])
def test_in_a_pipe_each_change_is_a_line(name: str, looks: object) -> None:
    """With the run's short name; a long array says every ten seconds how far it is; the end has the reason
    and the next command.
    """
    assert callable(looks)
    printed = io.StringIO()
    watched(VisibleConsole(file=printed, force_terminal=False, no_color=True, width=120), list(looks()))
    assert_as_expected(f"{name}-pipe", [printed.getvalue().splitlines()])


def test_a_failure_without_a_reason_names_the_next_command_too() -> None:
    """The ledger may know of the failure only."""
    printed = io.StringIO()
    console = VisibleConsole(file=printed, force_terminal=False, no_color=True, width=120)
    watched(console, [[a_run(1, RunState.FAILED, [])]])
    assert printed.getvalue().splitlines()[-3:] == [
        "  Each reason, with its items: sluice show flight-delays-000001",
        "  When the cause is gone:      sluice retry flight-delays-000001",
        "  With mended, deployed code:  the same --with-current-code",
    ]


def test_a_reason_is_whole_in_a_pipe_however_long_it_is() -> None:
    """Programs read it: it is one line, and not cut at the width that the tables have there."""
    printed = io.StringIO()
    reason = "word " * 100 + "end"
    steps = [a_step("count", "FAILED", reason=reason)]
    print_ending(
        [a_run(1, RunState.FAILED, steps)], VisibleConsole(file=printed, force_terminal=False, width=80)
    )
    assert f"flight-delays-000001 failed at count: {reason}\n" in printed.getvalue()


@pytest.mark.parametrize("state", RunState)
def test_every_state_of_a_run_has_its_line(state: RunState) -> None:
    """Also where there are more runs than lines; and an ended one has a next command."""
    terminal = Terminal(80, 5)
    watched(terminal.console, [[a_run(n, RunState.SUCCEEDED, []) for n in range(9)]])
    printed = io.StringIO()
    console = VisibleConsole(file=printed, force_terminal=False, no_color=True, width=120)
    print_ending([a_run(1, state, [])], console)
    assert "sluice " in printed.getvalue()
    terminal.console.print(table([a_run(n, state, []) for n in range(9)], terminal.console, 4))
