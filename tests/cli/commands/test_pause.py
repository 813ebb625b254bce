"""`sluice pause` and `unpause`, and where a pause is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from unittest.mock import Mock

import pytest

from cli.commands.pause import pause, pauses_of, unpause
from cli.commands.pipelines import pipelines
from cli.commands.run.command import run
from cli.commands.runs import runs
from cli.errors import UsageError
from cli.project import EXAMPLES
from sluice.operate.errors import OperationError, RequestError
from tests.cli.harness import CommandHarness, command_harness


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandHarness]:
    """A harness with a queue that keeps nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with command_harness() as one:
        one.clients["sqs"] = Mock()
        yield one


def test_a_pause_is_seen_wherever_someone_looks(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """In its own list, in that of the pipelines, in that of the runs; and it goes."""
    assert pause(harness.given("pause"), harness.cloud, EXAMPLES) == 0
    assert "No pipeline is paused" in capsys.readouterr().err
    given = harness.given("pause", "hello-fan", "--reason", "new schema")
    assert pause(given, harness.cloud, EXAMPLES) == 0
    assert "hello-fan is paused. What would start it is kept" in capsys.readouterr().out
    assert pause(harness.given("pause", "--json"), harness.cloud, EXAMPLES) == 0
    assert json.loads(capsys.readouterr().out)[0]["reason"] == "new schema"
    assert runs(harness.given("runs"), harness.cloud) == 0
    assert "hello-fan is paused since" in capsys.readouterr().err
    paused = pauses_of(harness.cloud).all()
    assert pipelines(harness.given("pipelines", "--paused"), EXAMPLES, paused) == 0
    assert "(paused since" in capsys.readouterr().out
    assert unpause(harness.given("unpause", "hello-fan"), harness.cloud) == 0
    assert "0 that were kept start now, in order" in capsys.readouterr().out


def test_a_pipeline_that_gathers_says_how_long_its_lists_stay(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are in the work bucket, whose objects expire."""
    assert pause(harness.given("pause", "small-files"), harness.cloud, EXAMPLES) == 0
    assert "stay in the work bucket for 30 days" in capsys.readouterr().err


def test_a_name_that_no_pipeline_has_is_refused(harness: CommandHarness) -> None:
    """With the nearest one."""
    with pytest.raises(OperationError, match="Did you mean 'hello-fan'"):
        pause(harness.given("pause", "helo-fan"), harness.cloud, EXAMPLES)


def test_a_run_of_a_paused_pipeline_is_asked_for_anyway_or_refused(harness: CommandHarness) -> None:
    """A file cannot be: it would be kept."""
    pause(harness.given("pause", "hello-fan", "--reason", "why"), harness.cloud, EXAMPLES)
    with pytest.raises(RequestError, match=r"paused since .*: why"):
        run(harness.given("run", "hello-fan", "--detach"), harness.cloud, EXAMPLES)
    assert run(harness.given("run", "hello-fan", "--detach", "--anyway"), harness.cloud, EXAMPLES) == 0
    (sent,) = harness.bus.sent
    assert json.loads(sent["Detail"])["anyway"] is True
    with pytest.raises(UsageError, match="Expected --anyway beside a request"):
        run(harness.given("run", "small-files", "a.txt", "--anyway"), harness.cloud, EXAMPLES)
