"""What stands on a screen after `sluice show`, `logs` and `runs`; compared as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout

import pytest

from cli.commands.logs import logs
from cli.commands.runs import runs
from cli.commands.show.command import show
from cli.console import print_note, print_sentence
from tests.cli.commands.show.test_facts import UPLOAD, begin, failed
from tests.cli.harness import CommandHarness, command_harness
from tests.screen.expected import assert_as_expected
from tests.screen.terminal import Terminal
from tests.sluice.graphs import RUN_ID
from tests.sluice.operate.harness import REGION
from tests.sluice.operate.logs.log_streams import GROUP, container, write
from tests.sluice.operate.runs.three_runs import begin_three_runs, words

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
_REASON = (
    "the row 17 of s3://inbox/flights/weather.csv has 15 columns, expected 19: year, month, day, dep_time,"
    " sched_dep_time, dep_delay, arr_time, sched_arr_time"
)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandHarness]:
    """A cloud without runs."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with command_harness() as made:
        yield made


@pytest.fixture
def failing(harness: CommandHarness) -> CommandHarness:
    """A run whose array has failed, for two reasons, with what it wrote."""
    for bucket in ("results", "work"):
        harness.clients["s3"].create_bucket(Bucket=bucket)
    harness.clients["logs"].create_log_group(logGroupName=GROUP)
    begin(harness, UPLOAD)
    failed(harness, {**{child: (_REASON, child) for child in range(5)}, 9: ("no city", 9)})
    for child in range(5):
        job, logged = harness.jobs.jobs[f"job-count:{child}"], container(f"c/{child}", f"c/{child}")
        job |= {"container": {"exitCode": 1, **logged["container"]}, "attempts": logged["attempts"]}
    for number in range(30):
        write(harness, "c/0", f"read {number} of 30 rows of s3://inbox/flights/weather.csv", second=number)
    write(harness, "c/0", f"ValueError: {_REASON}", second=31)
    return harness


@pytest.fixture
def terminal(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of a size."""
    width, height = size
    for name, value in {"TERM": "xterm", "COLUMNS": str(width), "LINES": str(height)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal(width, height)


def compare(name: str, terminal: Terminal, command: Callable[[], int]) -> int:
    """Compare what stands on a screen behind a command, and what has scrolled off, with what is kept under
    this name; return the command's exit code.
    """
    with redirect_stdout(terminal), redirect_stderr(terminal):
        code = command()
    size = f"{terminal.console.width}x{terminal.console.height}"
    assert_as_expected(f"{name}-{size}", [terminal.scrolled_off, terminal.screen])
    return code


@SIZES
def test_a_failed_run_is_shown(terminal: Terminal, failing: CommandHarness) -> None:
    """Its input, its steps, its items and its reasons, folded at words."""
    given = failing.given("show", RUN_ID)
    assert compare("show", terminal, lambda: show(given, failing.cloud)) == 1


@SIZES
def test_the_children_of_a_step_are_shown(terminal: Terminal, failing: CommandHarness) -> None:
    """By state, and why each failed."""
    given = failing.given("show", RUN_ID, "count")
    assert compare("show-step", terminal, lambda: show(given, failing.cloud)) == 1


@SIZES
def test_the_log_of_what_failed_first_is_shown(terminal: Terminal, failing: CommandHarness) -> None:
    """Its last lines, and that there is more."""
    given = failing.given("logs", RUN_ID, "--tail", "5")
    assert compare("logs", terminal, lambda: logs(given, failing.cloud)) == 0


@SIZES
def test_runs_are_listed(terminal: Terminal, harness: CommandHarness) -> None:
    """A row a run."""
    begin_three_runs(harness)
    given = harness.given("runs", "--state", "failed")
    assert compare("listed", terminal, lambda: runs(given, harness.cloud)) == 0


@SIZES
def test_a_run_that_succeeds_ends_with_a_line_end(terminal: Terminal, harness: CommandHarness) -> None:
    """The shell's prompt does not stand behind its last step."""
    for bucket in ("results", "work"):
        harness.clients["s3"].create_bucket(Bucket=bucket)
    begin_three_runs(harness)
    given = harness.given("show", words(1))
    with redirect_stdout(terminal):
        assert show(given, harness.cloud) == 0
        terminal.write("$ ")
    assert terminal.screen[-1] == "$"
    assert terminal.screen[-2].startswith("a ")


@pytest.mark.parametrize("size", [(30, 24)], ids=["narrow"])
def test_a_command_in_a_sentence_is_not_folded(terminal: Terminal) -> None:
    """It can be copied; elsewhere than on a terminal, and for programs, a line is a line."""
    with redirect_stdout(terminal), redirect_stderr(terminal):
        print_note("The session is over. Run `aws sso login --profile team`, then try.\nfurther")
        print_sentence("    Each child of it: sluice show words count")
    assert terminal.screen == [
        "sluice: The session is over.",
        "Run",
        "`aws sso login --profile team`",
        ", then try.",
        "  further",
        "    Each child of it:",
        "    sluice show words count",
    ]
