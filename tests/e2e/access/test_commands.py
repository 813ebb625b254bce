"""The commands of people who have policies of docs/access.md and nothing else, with IAM enforced: what the
page says that a policy is for works with it, to the command's end.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import main
from sluice.operate.start.requests import request_run
from sluice.pipeline.loading import load_pipelines
from sluice.run.state import RunState
from stacks.project import VARIABLE
from tests.e2e.access.person import POLICIES, Person
from tests.e2e.application import Application, Upload, wait_for

NOT_UTF_8 = "é ".encode("latin-1") * 1_000
UNPUBLISHED = "was not notified"
Commands = Callable[..., tuple[int, str]]


@pytest.fixture
def commands(
    app: Application,
    deployed_project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Commands:
    """Runs a command as a person; returns its exit code and all that it printed."""

    def run(person: Person, *words: str) -> tuple[int, str]:
        for name, value in (app.place.client_environment() | person.environment).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv(VARIABLE, str(deployed_project))
        capsys.readouterr()
        code = main(words)
        return code, "".join(capsys.readouterr())

    return run


def waiting_run(app: Application, pipeline: str, command: list[str] | None = None) -> str:
    """Return a run of a team whose job is in AWS Batch, or runs a command instead."""
    found = {one.name: one for one in load_pipelines(Path(__file__).parent)}[pipeline]
    asked = {"wait": {"command": command}} if command else None
    run_id = request_run(app.client("events"), found, uuid.uuid4().hex, None, asked)
    wait_for(lambda: (run := app.ledger.load(run_id)) and run.steps["wait"].job_id, f"the job of {run_id}")
    return run_id


def state(app: Application, run_id: str) -> RunState:
    """Return the state of a run."""
    run = app.ledger.load(run_id)
    assert run is not None
    return run.state


@pytest.fixture(scope="module")
def failed(app: Application) -> str:
    """A run of word-count that has failed."""
    upload = app.put(f"word-count/{uuid.uuid4().hex}.txt", NOT_UTF_8)
    return str(app.ended(upload).run_id)


def test_who_may_only_watch_has_the_commands_that_read(
    app: Application, commands: Commands, burst: dict[str, Upload], failed: str, tmp_path: Path
) -> None:
    """And each of those that change something is refused, with nothing changed."""
    person, run_id = Person(app, "watch"), str(app.ended(burst["text"]).run_id)
    for words in (
        ["runs"],
        ["runs", "--pipeline", "word-count", "--since", "1d"],
        ["show", run_id],
        ["logs", run_id, "split"],
        ["logs", failed],
        ["results", run_id],
        ["results", run_id, "--download", str(tmp_path / "results")],
        ["report", run_id, "--output", str(tmp_path / "report.html")],
    ):
        code, said = commands(person, *words)
        assert (code, "AccessDenied" in said or "not authorized" in said) == (0, False), (words, said)
    before = app.ledger.load(failed)
    for words in (
        ["retry", failed],
        ["rerun", failed],
        ["pause", "word-count"],
        ["cancel", waiting_run(app, "team-data")],
        ["run", "six-jobs", "--token", "not mine", "--detach"],
    ):
        code, said = commands(person, *words)
        assert code == 1, (words, said)
    assert app.ledger.load(failed) == before


def test_who_may_start_and_watch_follows_what_was_started(
    app: Application, commands: Commands, tmp_path: Path
) -> None:
    """A file, and a request."""
    person, text = Person(app, "watch", "start"), tmp_path / f"{uuid.uuid4().hex}.txt"
    text.write_bytes(b"to be or not to be\n")
    code, said = commands(person, "run", "word-count", str(text))
    assert (code, "SUCCEEDED" in said) == (0, True), said
    code, said = commands(person, "run", "six-jobs", "--token", uuid.uuid4().hex)
    assert (code, "SUCCEEDED" in said) == (0, True), said


def test_who_may_cancel_cancels_and_the_job_says_of_which_run(app: Application, commands: Commands) -> None:
    """By the reason that CloudTrail has of the call, with the caller: docs/access.md finds it by the run."""
    person, run_id = Person(app, "watch", "cancel"), waiting_run(app, "team-data")
    code, said = commands(person, "cancel", run_id)
    assert (code, "a last check found none left" in said, UNPUBLISHED in said) == (0, True, False), said
    record = app.ledger.load(run_id)
    assert record is not None
    assert record.state is RunState.CANCELLED
    job = record.steps["wait"].job_id
    (found,) = app.client("batch").describe_jobs(jobs=[job])["jobs"]
    assert run_id in found["statusReason"]
    assert str(job) in commands(person, "show", run_id, "wait")[1]


def test_who_may_retry_has_a_run_work_again(app: Application, commands: Commands, failed: str) -> None:
    """To its end, which is the same: the file is still no UTF-8."""
    person = Person(app, "watch", "retry")
    code, said = commands(person, "retry", failed)
    assert (code, UNPUBLISHED in said) == (0, False), said
    app.wait_until_ended(failed)
    record = app.ledger.load(failed)
    assert record is not None
    assert record.reopened > 0


def test_who_may_rerun_begins_a_new_run_of_the_same_trigger(
    app: Application, commands: Commands, burst: dict[str, Upload]
) -> None:
    """To its end."""
    person, run_id = Person(app, "watch", "rerun"), str(app.ended(burst["first"]).run_id)
    code, said = commands(person, "rerun", run_id, "--json")
    assert code == 0, said
    new = str(json.loads(said)["goes_on_as"])
    wait_for(lambda: app.ledger.load(new), f"the run {new}")
    app.wait_until_ended(new)
    assert state(app, new) is RunState.SUCCEEDED


def test_a_team_cancels_and_retries_its_own_pipelines_alone(app: Application, commands: Commands) -> None:
    """By the tag of its jobs and the names of its runs."""
    person = Person(app, "watch", "team", pipeline="team-data")
    ours, theirs = waiting_run(app, "team-data"), waiting_run(app, "team-web")
    code, said = commands(person, "cancel", theirs)
    assert (code, state(app, theirs)) == (1, RunState.RUNNING), said
    code, said = commands(person, "cancel", ours)
    assert (code, state(app, ours)) == (0, RunState.CANCELLED), said
    assert UNPUBLISHED not in said
    broken = waiting_run(app, "team-data", ["false"])
    app.wait_until_ended(broken)
    code, said = commands(person, "retry", broken)
    assert (code, UNPUBLISHED in said) == (0, False), said
    app.wait_until_ended(broken)
    code, said = commands(Person(app, "watch", "cancel"), "cancel", theirs)
    assert code == 0, said


def test_every_policy_of_the_page_is_given_to_somebody() -> None:
    """Here, or in the tests beside this one."""
    folder = Path(__file__).parent
    files = [*folder.glob("test_*.py"), folder.parent / "starting" / "test_ways.py"]
    texts = "".join(path.read_text() for path in files)
    assert [name for name in POLICIES if f'"{name}"' not in texts] == []
