"""Commands that list what others named: files, keys, partitions, reasons. And nothing is printed past the
console, which makes what is hidden visible.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cli.cloud import Cloud
from cli.commands.again.rerun import rerun
from cli.commands.doctor.uploads import uploads
from cli.commands.pause import note_pauses, pause, pauses_of
from cli.commands.pipelines import pipelines
from cli.commands.published.results import results
from cli.commands.published.verify import verify_results
from cli.commands.sets import sets
from cli.commands.show.command import show
from cli.console import confirmed, print_note
from cli.errors import with_hint
from cli.main import parser
from cli.project import EXAMPLES
from local.paths import REPOSITORY
from sluice import keys
from sluice.operate.errors import RequestError
from sluice.operate.pausing import check_not_paused
from sluice.receipts.receipt import PublishedFile, encoded
from sluice.run.state import RunState, StepState
from tests.cli.commands.doctor.test_uploads import INBOX, inbox
from tests.cli.harness import CommandHarness
from tests.cli.test_hostile_text import CLIPBOARD, HOSTILE, NOW, assert_harmless
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.sets.inboxes import HOURS, Sets, file

__all__ = ["inbox"]
NAME = HOSTILE.replace("/", "-")
"""A name that stands between two slashes."""
Command = Callable[..., int]


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed, which must be harmless and must show the escape."""
    printed = capsys.readouterr()
    text = printed.out + printed.err
    assert_harmless(text)
    assert r"\x1b]52;c;" in text or r"\u001b]52;c;" in text
    return text


@pytest.fixture
def run(harness: CommandHarness) -> CommandHarness:
    """A run whose input, files, reasons and items are hostile, of a step that failed."""
    for bucket in ("results", "work"):
        harness.clients["s3"].create_bucket(Bucket=bucket)
    harness.begin(RUN_ID, NOW, pipeline(step("a")), key=HOSTILE)
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a"})
    harness.ledger.record_end(RUN_ID, "a", StepState.FAILED, job_id="job-a", reason=HOSTILE)
    harness.end(RUN_ID, RunState.FAILED, "a")
    harness.clients["cloudformation"].outputs["SluicePipelines"] = {"Definitions": "assets/x"}
    harness.clients["sqs"] = None
    harness.jobs.add("job-a", status="FAILED", statusReason=HOSTILE, attempts=[{}])
    report = {"error": "ValueError", "message": HOSTILE, "item": 7, "content": HOSTILE, "stderr": [HOSTILE]}
    s3 = harness.clients["s3"]
    s3.put_object(Bucket="work", Key=keys.failure(RUN_ID, "a", 0, 0), Body=json.dumps(report).encode())
    s3.put_object(Bucket="results", Key=keys.result("words", RUN_ID, CLIPBOARD + "\u202e"), Body=b"x")
    return harness


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (results, ("results", RUN_ID)),
        (show, ("show", RUN_ID)),
        (show, ("show", RUN_ID, "a")),
        (rerun, ("rerun", "--pipeline", "words", "--state", "failed", "--dry-run")),
    ],
)
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_lists_of_a_run_show_what_is_hidden(
    run: CommandHarness,
    capsys: pytest.CaptureFixture[str],
    command: Command,
    words: tuple[str, ...],
    more: tuple[str, ...],
) -> None:
    """Its files, its reasons with their items, its children; and the runs that a command is about."""
    command(run.given(*words, *more), run.cloud)
    shown(capsys)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_sets_show_what_is_hidden(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    """Their names are parts of keys, and so is what belongs to none."""
    found = Sets(harness.client, rules=replace(HOURS, pattern="sales/{shop}/{hour:02}.csv"))
    found.come(file(f"sales/{NAME}/01.csv"), file(f"sales/{NAME}.csv"))
    harness.clients["cloudformation"].outputs["SluicePipelines"] = {"GroupQueue": "q"}
    sets(harness.given("sets", "list", *more), harness.cloud)
    assert shown(capsys).count("]52;c;") >= 2


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_pauses_show_what_is_hidden(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    """Whoever paused wrote the reason: in the list, in the note of other commands, in that of pipelines."""
    pauses_of(harness.cloud).pause("hello-fan", HOSTILE, NOW)
    pause(harness.given("pause", *more), harness.cloud, EXAMPLES)
    shown(capsys)
    note_pauses(harness.cloud)
    shown(capsys)
    with pytest.raises(RequestError) as error:
        check_not_paused(pauses_of(harness.cloud), "hello-fan")
    print_note(with_hint(error.value))
    shown(capsys)
    pipelines(harness.given("pipelines", "--paused", *more), EXAMPLES, pauses_of(harness.cloud).all())
    assert_harmless(capsys.readouterr().out)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_verify_shows_what_is_hidden(
    harness: CommandHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    """What is missing is named by the receipt, what is additional by whoever put it there."""
    facts: dict[str, Any] = {"receipt": 1, "run": CLIPBOARD, "version": 0, "pipeline": HOSTILE}
    named = [PublishedFile(HOSTILE, 1, "0" * 64)]
    (tmp_path / "_sluice.json").write_text("".join(encoded(facts, iter(named))))
    (tmp_path / f"more{NAME}").write_text("x")

    def offline() -> Cloud:
        raise AssertionError("A directory is checked without a cloud.")

    verify_results(harness.given("verify", str(tmp_path), *more), offline)
    assert shown(capsys).count("]52;c;") >= 3


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_uploads_show_what_is_hidden(
    inbox: CommandHarness, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    """A key, and what its prefix is compared with."""
    inbox.clients["s3"].put_object(Bucket=INBOX, Key=CLIPBOARD + "\u202e\n2026-11-29  a\n", Body=b"x")
    uploads(inbox.given("doctor", "uploads", *more), inbox.cloud)
    assert "\n2026-11-29  a" not in shown(capsys)


@pytest.mark.parametrize(("answer", "is_yes"), [("y\n", True), ("", False), ("n\n", False)])
def test_a_question_shows_what_is_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, is_yes: bool
) -> None:
    """And no answer is a no; where nobody can answer, a note says so."""
    terminal = StringIO(answer)
    monkeypatch.setattr("sys.stdin", terminal)
    assert confirmed(HOSTILE) is False
    assert "repeat the command with --yes" in capsys.readouterr().err
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    assert confirmed(HOSTILE) is is_yes
    shown(capsys)


@pytest.mark.parametrize("words", [(), ("runs",), ("runs", "--limit")])
def test_a_word_that_is_not_known_is_shown_with_what_is_hidden(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """It may be the name of a file, which the shell has filled in for a ``*``."""
    with pytest.raises(SystemExit):
        parser().parse_args([*words, f"--{HOSTILE}"])
    shown(capsys)


# What writes without the console: the console itself, what closes the output of a broken pipe, and flushes.
_WRITES = {"write", "writelines", "print"}


def _past_the_console(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        is_print = called in ("print", "input")
        is_write = called.startswith(("sys.stdout.", "sys.stderr.")) and called.split(".")[-1] in _WRITES
        is_console = called in ("Console", "rich.print") and "quiet=True" not in ast.unparse(node)
        if is_print or is_write or is_console:
            yield f"{path.relative_to(REPOSITORY)}:{node.lineno} {called}"


def test_nothing_is_printed_past_the_console() -> None:
    """So that no command, however new, prints what is hidden."""
    root = Path(REPOSITORY) / "cli"
    files = [one for one in root.rglob("*.py") if one != root / "console.py" and "starter" not in one.parts]
    assert len(files) > 50
    assert [found for one in files for found in _past_the_console(one)] == []
