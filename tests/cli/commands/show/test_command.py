"""`sluice show`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cli.commands.show.command import show
from sluice.run.state import RunState, StepState
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step

NOW = START.isoformat(timespec="milliseconds")


@pytest.fixture
def running(harness: CommandHarness) -> CommandHarness:
    """A run whose first step has succeeded; the second, an array, is in flight."""
    harness.begin(RUN_ID, NOW, pipeline(step("a"), step("b")))
    harness.ledger.record_submitted(RUN_ID, {"a": "job-a", "b": "job-b"})
    assert harness.ledger.record_end(RUN_ID, "a", StepState.SUCCEEDED, job_id="job-a")
    harness.jobs.add("job-a", status="SUCCEEDED", startedAt=1_000, stoppedAt=3_500)
    harness.jobs.add("job-b", status="RUNNING")
    return harness


def rows(text: str) -> dict[str, list[str]]:
    """Return the words of each line by the first of them."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}


def test_steps_with_states_children_and_times(
    running: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each step has a line: its kind, its state, how many of its children are done, and how long it took."""
    assert show(running.given("show", RUN_ID), running.cloud) == 0
    shown = rows(capsys.readouterr().out)
    assert shown["a"] == ["job", "SUCCEEDED", "1", "of", "1", "2.5", "s"]
    assert shown["b"] == ["job", "RUNNING", "0", "of", "1"]
    assert shown["ended"] == ["not", "yet"]


def test_a_failed_run_says_why(running: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A failed run gives the exit code 1, the reason, and the command that shows the log."""
    running.ledger.record_end(RUN_ID, "b", StepState.FAILED, job_id="job-b", reason="it broke")
    running.end(RUN_ID, RunState.FAILED, "b")
    assert show(running.given("show", RUN_ID), running.cloud) == 1
    shown = rows(capsys.readouterr().out)
    assert shown["why"] == ["sluice", "logs", RUN_ID, "b"]
    assert shown["b"][-2:] == ["it", "broke"]


def test_json_is_the_whole_view(running: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the run with its times and every step."""
    assert show(running.given("show", RUN_ID, "--json"), running.cloud) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["run_id"], document["state"], document["created_at"], document["ended_at"]) == (
        RUN_ID,
        "RUNNING",
        NOW,
        None,
    )
    assert [(one["name"], one["state"]) for one in document["steps"]] == [
        ("a", "SUCCEEDED"),
        ("b", "RUNNING"),
    ]


def ending(harness: CommandHarness) -> Iterator[None]:
    """Go on, a step further at each pause: nothing, the job ends, the run ends."""
    yield
    harness.jobs.jobs["job-b"]["status"] = "FAILED"
    yield
    harness.ledger.record_end(RUN_ID, "b", StepState.FAILED, job_id="job-b", reason="it broke")
    harness.end(RUN_ID, RunState.FAILED, "b")
    yield


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_follow_stays_until_the_end(
    running: CommandHarness, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    """`--follow` prints what changes until the run has ended, and returns what became of it."""
    course = ending(running)
    assert (
        show(running.given("show", RUN_ID, "--follow", *form), running.cloud, sleep=lambda _: next(course))
        == 1
    )
    out = capsys.readouterr().out
    if form:
        states = [json.loads(line)["steps"][1]["state"] for line in out.splitlines()]
        assert states == ["RUNNING", "FAILED", "FAILED"]
        assert json.loads(out.splitlines()[-1])["state"] == "FAILED"
    else:
        assert out.index("RUNNING") < out.index("it broke") < len(out)


def test_a_run_that_nobody_will_finish_ends_the_following(harness: CommandHarness) -> None:
    """A run that ended while a step of it was claimed and never submitted is not waited for."""
    harness.begin(RUN_ID, NOW, pipeline(step("a")))
    harness.end(RUN_ID, RunState.FAILED, "a")

    def no_sleep(_: float) -> None:
        pytest.fail("It was waited for.")

    assert show(harness.given("show", RUN_ID, "--follow"), harness.cloud, sleep=no_sleep) == 1
