"""No command lets text from outside do anything to a terminal, or forge a line."""

from __future__ import annotations

import argparse
import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.cloud import Cloud
from cli.commands.cancel import cancel
from cli.commands.demo import alerts
from cli.commands.doctor.command import doctor
from cli.commands.logs import logs
from cli.commands.retry import retry
from cli.commands.run.progress import upload_bars
from cli.commands.runs import runs
from cli.commands.show.command import show
from cli.console import VisibleConsole, print_line, print_note, print_table, print_text
from cli.errors import with_hint
from cli.main import parser
from cli.watch import tables, watch
from local.paths import LocalCloudPaths
from sluice.operate.errors import RunNotFoundError
from sluice.operate.runs.view import RunView, StepView
from sluice.run.state import RunState, StepState
from tests.cli.commands.doctor.fake_account import FakeAccount
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START, refused
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.logs.log_streams import GROUP, container, write

CLIPBOARD = "\x1b]52;c;ZXZpbA==\x07"
HOSTILE = f"w/{CLIPBOARD}\x9b2J\u202egpj.exe\nwords-forged  SUCCEEDED\r\x7f\u2028end"
OTHER = f"{RUN_ID[:-1]}z"
NOW = START.isoformat(timespec="milliseconds")
VIEW = RunView(
    run_id=RUN_ID,
    pipeline="words",
    input=HOSTILE,
    state=RunState.FAILED,
    seconds=1.0,
    steps=(StepView(name="a", kind="job", state="FAILED", children=1, failed=1, reason=HOSTILE),),
)


class Refusing:
    """A queue that refuses every message, in hostile words."""

    def send_message(self, **request: Any) -> None:
        """Refuse it."""
        raise refused("AccessDenied", HOSTILE)


def assert_harmless(text: str) -> None:
    """Check that a text hides nothing but Rich's own styles, and that no line of it is a forged one."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    hidden = [one for one in text if unicodedata.category(one) in ("Cc", "Zl", "Zp") and one not in "\n\t"]
    assert hidden == []
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if line.strip().startswith("words-forged")]


def on_terminal() -> tuple[VisibleConsole, io.StringIO]:
    """Return a console of a terminal without colours, and what it prints."""
    printed = io.StringIO()
    return VisibleConsole(file=printed, force_terminal=True, no_color=True, width=300), printed


@pytest.fixture
def failed(harness: CommandHarness) -> CommandHarness:
    """A failed run whose input, reason and log are hostile."""
    for bucket in ("results", "work"):
        harness.clients["s3"].create_bucket(Bucket=bucket)
    harness.begin(RUN_ID, NOW, pipeline(step("a")), key=HOSTILE)
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    harness.ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-a", reason=HOSTILE)
    harness.end(RUN_ID, RunState.FAILED, "a")
    harness.clients["logs"].create_log_group(logGroupName=GROUP)
    harness.jobs.add("job-a", **container("a/1") | {"status": "FAILED", "statusReason": HOSTILE})
    write(harness, "a/1", f"\x1b[31mred\x1b[0m\tcell {HOSTILE}")
    return harness


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (runs, ("runs",)),
        (show, ("show", RUN_ID)),
        (logs, ("logs", RUN_ID, "a")),
        (cancel, ("cancel", RUN_ID)),
    ],
)
def test_commands_show_what_is_hidden(
    failed: CommandHarness, capsys: pytest.CaptureFixture[str], command: object, words: tuple[str, ...]
) -> None:
    """As text; with --json as the same JSON, without a character that a terminal obeys."""
    assert callable(command)
    command(failed.given(*words), failed.cloud)
    plain = capsys.readouterr()
    assert_harmless(plain.out + plain.err)
    assert plain.out.strip()
    command(failed.given(*words, "--json"), failed.cloud)
    shown = capsys.readouterr().out
    assert_harmless(shown)
    if command is not cancel:
        assert CLIPBOARD in json.dumps(json.loads(shown), ensure_ascii=False).encode().decode(
            "unicode_escape"
        )


@pytest.mark.parametrize(("command", "name"), [(retry, "retry"), (cancel, "cancel")])
@pytest.mark.parametrize("as_json", [False, True])
def test_what_aws_answers_to_a_change_is_shown(
    failed: CommandHarness,
    capsys: pytest.CaptureFixture[str],
    command: Callable[[argparse.Namespace, Cloud], int],
    name: str,
    as_json: bool,
) -> None:
    """The refusals of a queue and of the bus have words of their own, and so has the name of a job that is
    left.
    """
    failed.clients["sqs"] = Refusing()
    failed.bus.answer = refused("AccessDenied", HOSTILE)
    failed.begin(
        OTHER, datetime.now(UTC).isoformat(timespec="milliseconds"), pipeline(step("a")), key=HOSTILE
    )
    failed.ledger.record_submitted(OTHER, {"a": "job-b"})
    failed.jobs.add("job-b", status="RUNNING", jobName=HOSTILE)
    failed.jobs.stubborn.add("job-b")
    if name == "retry":
        failed.end(OTHER, RunState.FAILED, "a")
    words = (name, OTHER) if name == "retry" else (name, OTHER, "--timeout", "1")
    command(failed.given(*words, *(["--json"] if as_json else [])), failed.cloud)
    said = capsys.readouterr()
    assert_harmless(said.out + said.err)
    assert r"\x1b]52;c;" in said.err


@pytest.mark.parametrize("command", [retry, cancel])
def test_the_id_of_a_run_is_text_too(
    failed: CommandHarness,
    capsys: pytest.CaptureFixture[str],
    command: Callable[[argparse.Namespace, Cloud], int],
) -> None:
    """It may be pasted from anywhere; the error repeats it."""
    failed.clients["sqs"] = Refusing()
    name = "retry" if command is retry else "cancel"
    given = failed.given(name, "x")
    given.run_id = HOSTILE
    with pytest.raises(RunNotFoundError) as error:
        command(given, failed.cloud)
    print_note(with_hint(error.value))
    assert_harmless(capsys.readouterr().err)


def test_a_log_keeps_its_tabs_and_loses_its_line_ends(
    failed: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which do nothing to a terminal."""
    write(failed, "a/1", "of windows\r", second=1)
    logs(failed.given("logs", RUN_ID, "a"), failed.cloud)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(r"\x1b[31mred\x1b[0m" + "\tcell w/" + r"\x1b]52;c;")
    assert second == "of windows"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_followed_run_shows_what_is_hidden(terminal: bool) -> None:
    """In the table of a terminal, and in the lines elsewhere."""
    console, printed = on_terminal()
    if terminal:
        console.print(tables([VIEW]))
    else:
        console = VisibleConsole(file=printed, force_terminal=False, width=300)
        watch(lambda: [replace(VIEW, input=HOSTILE)], console, runs=1, sleep=lambda _: None)
    assert_harmless(printed.getvalue())
    assert r"\x1b]52;c;" in printed.getvalue()


def test_a_table_on_a_terminal_shows_what_is_hidden() -> None:
    """Each cell on its own."""
    console, printed = on_terminal()
    print_table(console, ("RUN", "INPUT"), [("words-a", HOSTILE)])
    console.print(HOSTILE.replace("\n", " "), markup=False)
    assert_harmless(printed.getvalue())


def test_doctor_shows_what_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    """Names and reasons of AWS resources are text from outside, too."""
    topic = {"Subscriptions": [{"Protocol": "email", "Endpoint": HOSTILE, "SubscriptionArn": "PendingX"}]}
    doctor(parser().parse_args(["doctor", "--all"]), FakeAccount(ListSubscriptionsByTopic=topic).client)
    shown = capsys.readouterr().out
    assert r"\x1b]52;c;" in shown
    assert_harmless(shown)


def test_the_demo_shows_what_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """The e-mail as it is, lines and all, since Sluice wrote it."""
    mail = {"protocol": "email", "endpoint": "a@b.c", "subject": HOSTILE, "text": f"{CLIPBOARD} {RUN_ID}"}
    monkeypatch.setattr(alerts, "control", lambda *_: [mail, mail])
    console, printed = on_terminal()
    alerts.show(LocalCloudPaths.of(4599), console, VIEW)
    assert CLIPBOARD not in printed.getvalue()


def test_lines_and_notes_stay_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """A line is one line; the further lines of a note are indented; a text of our own has its lines."""
    print_line(HOSTILE)
    print_text("a\nb")
    print_note(f"{CLIPBOARD}\nsluice: forged\n  - b")
    out, err = capsys.readouterr()
    assert_harmless(out + err)
    assert out.splitlines()[1:] == ["a", "b"]
    assert err.splitlines()[1:] == ["  sluice: forged", "  - b"]


def test_upload_bars_are_no_markup(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """The name of a file may look like Rich's markup, or hold an escape."""
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    file = tmp_path / "[red]\x1b]0;x\x07"
    file.write_text("a")
    printed = io.StringIO()
    monkeypatch.setattr("sys.stderr", printed)
    monkeypatch.setattr(printed, "isatty", lambda: True, raising=False)
    with upload_bars() as bar:
        bar(file)(1)
    assert "\x1b]0;x" not in printed.getvalue()
