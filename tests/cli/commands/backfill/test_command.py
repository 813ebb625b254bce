"""`sluice backfill`: counts, asks, and has objects processed that were not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from cli.commands.backfill.command import run
from cli.commands.pause import pauses_of
from cli.errors import UsageError
from cli.project import EXAMPLES
from sluice.operate.errors import RequestError
from tests.cli.harness import CommandHarness, command_harness

INBOX = "inbox"


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandHarness]:
    """A harness with five objects in the inbox, three of which word-count takes."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with command_harness() as one:
        s3 = one.clients["s3"]
        for bucket in (INBOX, "assets", "work"):
            s3.create_bucket(Bucket=bucket)
        for key in ("word-count/a.txt", "word-count/b.txt", "word-count/c.txt", "word-count/d.csv", "x.txt"):
            s3.put_object(Bucket=INBOX, Key=key, Body=b"words")
        pipelines = {"word-count": "1.json", "small-files": "2.json", "monte-carlo": "3.json"}
        s3.put_object(Bucket="assets", Key="list.json", Body=json.dumps({"pipelines": pipelines}))
        outputs = one.clients["cloudformation"].outputs
        outputs["SluiceStorage"]["InboxBucket"] = INBOX
        outputs.setdefault("SluicePipelines", {})["Definitions"] = "assets/list.json"
        one.clients["sqs"] = Mock(send_message_batch=Mock(return_value={}))
        yield one


def sent(harness: CommandHarness) -> list[dict[str, Any]]:
    """Return the messages in the trigger queue."""
    calls = harness.clients["sqs"].send_message_batch.call_args_list
    return [json.loads(entry["MessageBody"]) for call in calls for entry in call.kwargs["Entries"]]


def test_a_dry_run_counts_and_changes_nothing(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Objects, and those of them that were not processed."""
    assert run(harness.given("backfill", "word-count", "--dry-run"), harness.cloud, EXAMPLES) == 0
    assert "3 objects, of which 3 were not processed. Nothing was changed." in capsys.readouterr().out
    assert sent(harness) == []


def test_the_count_comes_before_the_question(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """A no, or nobody to ask, changes nothing."""
    given = harness.given("backfill", "word-count", f"s3://{INBOX}/word-count/")
    assert run(given, harness.cloud, EXAMPLES, ask=lambda question: False) == 1
    assert "3 objects of s3://inbox/word-count/*.txt" in capsys.readouterr().err
    assert run(given, harness.cloud, EXAMPLES) == 1
    assert "repeat the command with --yes" in capsys.readouterr().err
    assert sent(harness) == []
    assert run(given, harness.cloud, EXAMPLES, ask=lambda question: True) == 0
    keys = [message["detail"]["object"]["key"] for message in sent(harness)]
    assert keys == ["word-count/a.txt", "word-count/b.txt", "word-count/c.txt"]
    assert {message["definition"]["key"] for message in sent(harness)} == {"1.json"}


def test_the_objects_times_and_a_repetition(harness: CommandHarness) -> None:
    """Objects of the future are none; a repetition has a trigger of its own."""
    given = harness.given("backfill", "word-count", "--yes", "--since", "2999-01-01", "--json")
    assert run(given, harness.cloud, EXAMPLES) == 0
    assert sent(harness) == []
    given = harness.given("backfill", "word-count", "--yes", "--again", "fix-1", "--until", "2999-01-01")
    assert run(given, harness.cloud, EXAMPLES) == 0
    assert {message["trigger"] for message in sent(harness)} == {"s3:word-count/*.txt~fix-1"}


def test_a_backfill_of_single_objects_is_seen_elsewhere(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it works: what was asked for and how far it is; then how it ended. A dry run begins nothing."""
    seen = list[Any]()
    status = harness.given("backfill", "--status", "--json")

    def send(**_: Any) -> dict[str, Any]:
        run(status, harness.cloud, EXAMPLES)
        seen.append(json.loads(capsys.readouterr().out)["jobs"])
        return {}

    harness.clients["sqs"].send_message_batch.side_effect = send
    run(harness.given("backfill", "word-count", "--dry-run"), harness.cloud, EXAMPLES)
    assert seen == []
    given = harness.given("backfill", "word-count", "--yes", "--again", "fix-1")
    capsys.readouterr()
    assert run(given, harness.cloud, EXAMPLES) == 0
    ((begun,),) = seen
    assert (begun["pipeline"], begun["state"], begun["total"]) == ("word-count", "RUNNING", 3)
    assert begun["about"] == f"s3://{INBOX}/word-count/*.txt, again fix-1"
    of_pipeline = harness.given("backfill", "word-count", "--status", "--json")
    capsys.readouterr()
    run(of_pipeline, harness.cloud, EXAMPLES)
    (ended,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (ended["state"], ended["objects"], ended["new"]) == ("ENDED", 3, 3)


def test_a_backfill_that_is_interrupted_says_so(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no longer under way; of its pipeline it is listed with the reason."""
    harness.clients["sqs"].send_message_batch.side_effect = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        run(harness.given("backfill", "word-count", "--yes"), harness.cloud, EXAMPLES)
    run(harness.given("backfill", "--status"), harness.cloud, EXAMPLES)
    assert "No backfill is under way" in capsys.readouterr().err
    run(harness.given("backfill", "word-count", "--status", "--json"), harness.cloud, EXAMPLES)
    (stopped,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (stopped["state"], stopped["stopped"]) == ("STOPPED", "interrupted")


@pytest.mark.parametrize(
    "words", [["--since", "yesterday"], ["--again", "a b"], ["--again", "x", "--new-only"]]
)
def test_wrong_words_are_refused(harness: CommandHarness, words: list[str]) -> None:
    """No time, no name, and two that exclude each other."""
    with pytest.raises(SystemExit):
        harness.given("backfill", "word-count", *words)


def test_the_times_of_a_schedule_are_run_where_no_object_starts_the_pipeline(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is about objects is refused there, and what is about times is refused for objects."""
    words = ["monte-carlo", "--since", "2026-01-01", "--until", "2026-02-01", "--dry-run"]
    assert run(harness.given("backfill", *words), harness.cloud, EXAMPLES) == 0
    assert "times. Nothing was started." in capsys.readouterr().out
    with pytest.raises(UsageError, match="found PLACE, --inventory, --again or --in-job"):
        run(harness.given("backfill", "monte-carlo", "s3://a/b"), harness.cloud, EXAMPLES)


def test_the_runs_of_objects_have_the_limit_with_them(harness: CommandHarness) -> None:
    """In each message, and in the definition that groups keep."""
    words = ["word-count", "--yes", "--max-concurrency", "2"]
    assert run(harness.given("backfill", *words), harness.cloud, EXAMPLES) == 0
    assert [message["definition"]["max_concurrent_runs"] for message in sent(harness)] == [2, 2, 2]


def test_a_paused_pipeline_is_refused(harness: CommandHarness) -> None:
    """Every object would be kept, one by one."""
    pauses_of(harness.cloud).pause("word-count", "why", "2026-01-01T00:00:00+00:00")
    with pytest.raises(RequestError, match=r"word-count paused since .*: why"):
        run(harness.given("backfill", "word-count", "--yes"), harness.cloud, EXAMPLES)


def test_what_no_object_matches_is_said(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """With the pattern: the keys may be in capitals."""
    given = harness.given("backfill", "word-count", f"s3://{INBOX}/word-count/nowhere/", "--dry-run")
    assert run(given, harness.cloud, EXAMPLES) == 0
    assert f"No object is s3://{INBOX}/word-count/nowhere/*.txt" in " ".join(capsys.readouterr().err.split())
