"""`sluice run` starts what its words say, and follows the runs to their ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.run import command as run_command
from cli.commands.run.command import run
from sluice.operate.errors import OperationError, RequestError
from sluice.operate.listing.listing import RunFilter, list_runs
from sluice.pipeline.trigger_names import MANUAL
from sluice.run.state import RunState
from tests.cli.commands.run.repository import FILE
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START, TABLE
from tests.sluice.operate.start.inbox import Events


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("a.txt", "--input", "1"), "found both"),
        (("a.txt", "--token", "t"), "found both"),
        (("a.txt", "--overrides", "{}"), "found both"),
        (("--overrides", '{"a": {"memory": 4096}}'), "takes none"),
        (("--prefix", "texts/"), "Expected files beside --prefix"),
    ],
)
def test_words_that_do_not_go_together(
    given: tuple[str, ...], sentence: str, harness: CommandHarness, bus: Events, root: Path
) -> None:
    """Files and a request exclude each other."""
    with pytest.raises(RequestError, match=sentence):
        run(harness.given("run", "words", *given), harness.cloud, root)
    assert bus.sent == []


def test_an_input_that_is_no_json(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """The parser words what it expected, and the exit code is that of wrong usage."""
    with pytest.raises(SystemExit) as ended:
        harness.given("run", "words", "--input", "{no")
    assert ended.value.code == 2
    assert "expected JSON, found '{no'" in capsys.readouterr().err


def test_a_pipeline_that_is_not_there(harness: CommandHarness, root: Path) -> None:
    """The error has the names that there are."""
    with pytest.raises(OperationError, match=r"name of a pipeline \(words\), found 'other'"):
        run(harness.given("run", "other"), harness.cloud, root)


@pytest.mark.parametrize(
    ("state", "code"), [(RunState.SUCCEEDED, 0), (RunState.FAILED, 1), (RunState.CANCELLED, 1)]
)
def test_the_exit_code_is_the_runs(
    state: RunState,
    code: int,
    harness: CommandHarness,
    bus: Events,
    root: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A run is followed from before it is in the ledger until it has ended; only success is 0."""
    run_id = harness.run_id_of("words", MANUAL, {"token": "t"})

    def later(_: float) -> None:
        found = harness.ledger.load(run_id)
        if found is None:
            harness.begin(run_id, START.isoformat(timespec="milliseconds"))
        else:
            harness.end(run_id, state)

    assert (
        run(harness.given("run", "words", "--token", "t", "--json"), harness.cloud, root, sleep=later) == code
    )
    (view,) = json.loads(capsys.readouterr().out)
    assert (view["run_id"], view["state"]) == (run_id, state)


def test_a_run_that_never_begins_is_an_error(
    harness: CommandHarness, bus: Events, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two minutes without a line in the ledger the command names where to look."""
    monkeypatch.setattr(run_command, "BEGINS_WITHIN_SECONDS", 0.0)
    with pytest.raises(OperationError, match="dead-letter queue"):
        run(harness.given("run", "words"), harness.cloud, root, sleep=lambda _: None)


def test_a_detached_start_prints_ids_alone(
    harness: CommandHarness, bus: Events, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One id on a line, or one JSON list; nothing is followed."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    files = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    assert run(harness.given("run", "words", *files, "--detach"), harness.cloud, root) == 0
    assert [line.startswith("words-") for line in capsys.readouterr().out.splitlines()] == [True, True]
    assert run(harness.given("run", "words", "--token", "t", "--detach", "--json"), harness.cloud, root) == 0
    assert json.loads(capsys.readouterr().out) == [harness.run_id_of("words", MANUAL, {"token": "t"})]


def test_labels_are_given_to_the_runs_that_begin(
    harness: CommandHarness, bus: Events, root: Path, tmp_path: Path
) -> None:
    """Of each file; a run may be labelled before it is in the ledger. A wrong one is refused before that."""
    with pytest.raises(RequestError, match=r"a label such as team=data.*found 'team'"):
        run(harness.given("run", "words", "--label", "team"), harness.cloud, root)
    assert bus.sent == []
    given = harness.given(
        "run", "words", "--token", "t", "--label", "team=data", "--label", "why=a=b", "--detach"
    )
    assert run(given, harness.cloud, root) == 0
    run_id = harness.run_id_of("words", MANUAL, {"token": "t"})
    harness.begin(run_id, START.isoformat(timespec="milliseconds"))
    (found,) = list_runs(
        harness.client, TABLE, asked=RunFilter(labels=frozenset(["team=data"])), limit=5
    ).runs
    assert (found.run_id, found.labels) == (run_id, ("team=data", "why=a=b"))


def test_overrides_are_checked_and_sent(
    harness: CommandHarness, bus: Events, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The event has them as they were given; what is wrong with them is refused before anything is sent."""
    (root / "pipelines" / "words.py").write_text(
        FILE.format(triggers='Manual(overrides=["memory", "queue"])')
    )
    for wrong, words in (
        ('{"a": {"memory": 3}}', r"\['a'\].memory"),
        ('{"b": {}}', "expected one of a"),
        ("[]", "such as"),
        ("5", "such as"),
    ):
        with pytest.raises(RequestError, match=words):
            run(harness.given("run", "words", "--overrides", wrong), harness.cloud, root)
    assert bus.sent == []
    asked = '{"a": {"memory": 4096, "queue": "urgent"}}'
    assert (
        run(
            harness.given("run", "words", "--token", "t", "--overrides", asked, "--detach"),
            harness.cloud,
            root,
        )
        == 0
    )
    assert json.loads(bus.sent[0]["Detail"])["overrides"] == json.loads(asked)
    assert capsys.readouterr().out.strip() == harness.run_id_of("words", MANUAL, {"token": "t"})
