"""Which runs `sluice runs` lists, and which run a part of an id means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.failures import CommandError, UsageError
from cli.run_list import list_runs, run_of
from cli.runs import runs
from sluice.run.state import RunState
from tests.cli.world import CommandWorld
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import pipeline, step

MANY = 104


def words(number: int) -> str:
    """Return the id of a run of the pipeline words."""
    return "words-" + f"{chr(97 + number // 26)}{chr(97 + number % 26)}".ljust(20, "a")


def at(second: int) -> str:
    """Return a time of the first minutes of 2026."""
    return f"2026-01-01T00:{second // 60:02}:{second % 60:02}.000+00:00"


@pytest.fixture
def three(world: CommandWorld) -> CommandWorld:
    """A run that failed, one that succeeded and one that runs, in this order."""
    for number in range(3):
        world.begin(words(number), at(number), pipeline(step("a")))
    world.end(words(0), RunState.FAILED, "a")
    world.end(words(1), RunState.SUCCEEDED)
    return world


def listed(world: CommandWorld, **filters: Any) -> list[str]:
    """Return the ids of a listing."""
    asked: dict[str, Any] = {"pipeline": None, "state": None, "limit": 500, **filters}
    return [run.run_id for run in list_runs(world.client, TABLE, **asked).runs]


def test_all_runs_newest_first(three: CommandWorld) -> None:
    """Without filters every run is listed, steps and notes are not."""
    assert listed(three) == [words(2), words(1), words(0)]


@pytest.mark.parametrize(
    ("state", "number"), [(RunState.FAILED, 0), (RunState.SUCCEEDED, 1), (RunState.RUNNING, 2)]
)
def test_runs_in_a_state(three: CommandWorld, state: RunState, number: int) -> None:
    """A state lists the runs in it."""
    assert listed(three, state=state) == [words(number)]


@pytest.mark.parametrize("state", [None, RunState.RUNNING])
def test_runs_of_a_pipeline(three: CommandWorld, state: RunState | None) -> None:
    """A pipeline's name lists its runs, not those of a pipeline whose name begins so."""
    assert listed(three, pipeline="words", state=state)
    assert listed(three, pipeline="word", state=state) == []


@pytest.mark.parametrize("state", [None, RunState.RUNNING])
def test_more_runs_than_a_page(world: CommandWorld, state: RunState | None) -> None:
    """More runs than one BatchGetItem takes are all listed; a limit takes the newest and says that there are
    more.
    """
    for number in range(MANY):
        world.begin(words(number), at(number), pipeline(step("a")))
    newest = [words(number) for number in reversed(range(MANY))]
    assert listed(world, state=state) == newest
    some = list_runs(world.client, TABLE, pipeline=None, state=state, limit=7)
    assert [run.run_id for run in some.runs] == newest[:7]
    assert some.more
    assert not list_runs(world.client, TABLE, pipeline=None, state=state, limit=MANY).more


def test_json_holds_what_programs_need(three: CommandWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints each run with its times, its input and the step at which it failed."""
    assert runs(three.given("runs", "--json", "--state", "failed"), three.cloud) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "run_id": words(0),
            "pipeline": "words",
            "state": "FAILED",
            "created_at": at(0),
            "ended_at": at(60),
            "failed_step": "a",
            "input": "word-count/a.txt",
        }
    ]


def test_lines_are_plain_without_a_terminal(three: CommandWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere than on a terminal a run is a line whose first word is its id; the remark about more goes to
    the standard error.
    """
    assert runs(three.given("runs", "--limit", "2"), three.cloud) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["RUN", words(2), words(1)]
    assert "60.0 s" not in out.splitlines()[1]
    assert "59.0 s" in out.splitlines()[2]
    assert "the newest 2" in err


def test_no_run_is_said(world: CommandWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty ledger is no failure, and JSON of it is an empty list."""
    assert runs(world.given("runs"), world.cloud) == 0
    assert "no run yet" in capsys.readouterr().err
    assert runs(world.given("runs", "--json"), world.cloud) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("given", [words(1), "words-ab", "ab", words(1)[-20:]])
def test_a_run_by_a_part_of_its_id(three: CommandWorld, given: str) -> None:
    """A whole id, its beginning, and the 20 characters of an SMS or their beginning all name the run."""
    assert run_of(three.client, TABLE, given) == words(1)


def test_a_whole_id_is_never_ambiguous(world: CommandWorld) -> None:
    """A run whose id begins another one's is found by it."""
    world.begin(words(0), at(0), pipeline(step("a")))
    world.begin(words(0) + "b", at(1), pipeline(step("a")))
    assert run_of(world.client, TABLE, words(0)) == words(0)


@pytest.mark.parametrize("given", ["nope", "ords-", "b", "RUN", "words-aaz"])
def test_no_such_run(three: CommandWorld, given: str) -> None:
    """What no id begins with is refused, also when it stands within one."""
    with pytest.raises(CommandError, match=f"found '{given}'") as refused:
        run_of(three.client, TABLE, given)
    assert refused.value.code == 1


@pytest.mark.parametrize("given", ["words", "w", "a"])
def test_several_such_runs(three: CommandWorld, given: str) -> None:
    """What several ids begin with is wrong usage, and they are named."""
    with pytest.raises(UsageError, match=f"3 runs have: {words(0)}, {words(1)}") as refused:
        run_of(three.client, TABLE, given)
    assert refused.value.code == 2


def test_an_empty_id_is_refused(three: CommandWorld) -> None:
    """An empty word, as of an unset variable of a shell, names no run."""
    with pytest.raises(UsageError, match="an empty word"):
        run_of(three.client, TABLE, "")
