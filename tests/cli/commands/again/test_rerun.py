"""`sluice rerun`: one run, or many, after they were shown and confirmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import botocore.session
import pytest

from cli.commands.again.many import are_many
from cli.commands.again.rerun import rerun
from cli.commands.retry import retry
from cli.errors import UsageError
from sluice.ledger.records import LABELS
from sluice.operate.deployment import Deployment
from sluice.operate.errors import RequestError
from sluice.operate.listing.labels import label_run
from sluice.run.state import RunState
from sluice.triggers.restart import RestartRequested
from tests.cli.harness import CommandHarness, command_harness
from tests.sluice.clouds import TABLE
from tests.sluice.operate.harness import REGION

FIRST, SECOND = (f"words-{letter * 20}" for letter in "ab")


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandHarness]:
    """Two failed runs of 2026, and the queues."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "123456789012")
    with command_harness() as one:
        sqs: Any = botocore.session.get_session().create_client("sqs", region_name=REGION)
        one.clients["sqs"] = sqs
        outputs = one.clients["cloudformation"].outputs
        for name in ("trigger", "track"):
            url = sqs.create_queue(QueueName=name)["QueueUrl"]
            outputs["SluiceControl"][f"{name.capitalize()}Queue"] = url
        outputs["SluicePipelines"] = {"Definitions": "assets/S/list.json"}
        one.clients["s3"].create_bucket(Bucket="assets")
        deployed = {"version": 1, "pipelines": {"words": "S/1.json"}}
        one.clients["s3"].put_object(Bucket="assets", Key="S/list.json", Body=json.dumps(deployed).encode())
        for run_id, at in (
            (FIRST, "2026-01-01T10:00:00.000+00:00"),
            (SECOND, "2026-01-02T10:00:00.000+00:00"),
        ):
            one.begin(run_id, at)
            one.end(run_id, RunState.FAILED, "split")
        yield one


def asked(harness: CommandHarness) -> list[RestartRequested]:
    """Return the requests in the trigger queue."""
    sqs, url = harness.clients["sqs"], harness.cloud.deployment.trigger_queue
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [RestartRequested.from_json(message["Body"]) for message in found]


def test_a_run_is_run_again(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Its beginning is enough; the new run's id is printed."""
    assert rerun(harness.given("rerun", FIRST[:14]), harness.cloud) == 0
    (message,) = asked(harness)
    assert (message.restart, message.definition) == (FIRST, {})
    printed = capsys.readouterr().out
    assert f"{FIRST} runs again from its beginning, as words-" in printed
    assert "--follow" in printed


def test_a_run_is_run_again_with_the_deployed_code(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """The request names the definition; JSON names both runs."""
    given = harness.given("rerun", FIRST, "--with-current-code", "--token", "t", "--json")
    assert rerun(given, harness.cloud) == 0
    (message,) = asked(harness)
    assert (message.token, message.definition) == ("t", {"bucket": "assets", "key": "S/1.json"})
    document = json.loads(capsys.readouterr().out)
    assert document["run_id"] == FIRST
    assert document["goes_on_as"].startswith("words-")


@pytest.mark.parametrize("many", [False, True])
def test_new_runs_have_the_labels_of_the_old_ones_and_those_that_are_given(
    harness: CommandHarness, many: bool
) -> None:
    """Of one name the given value counts; a wrong label is refused before a run is requested."""
    label_run(harness.client, TABLE, FIRST, ["team=data", "why=test"])
    which = ["--pipeline", "words", "--until", "2026-01-02", "--yes"] if many else [FIRST]
    with pytest.raises(RequestError, match="a label such as team=data"):
        rerun(harness.given("rerun", *which, "--label", "team"), harness.cloud)
    assert asked(harness) == []
    given = harness.given("rerun", *which, "--token", "t", "--label", "why=mended")
    assert rerun(given, harness.cloud) == 0
    labels = harness.client.scan(
        TableName=TABLE,
        FilterExpression="sk = :labels AND pk <> :old",
        ExpressionAttributeValues={":labels": {"S": LABELS}, ":old": {"S": f"RUN#{FIRST}"}},
    )["Items"]
    assert [sorted(one["labels"]["SS"]) for one in labels] == [["team=data", "why=mended"]]


def test_many_are_shown_and_begun(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order in which they began."""
    given = harness.given("rerun", "--pipeline", "words", "--since", "2026-01-01", "--yes")
    assert rerun(given, harness.cloud) == 0
    assert sorted(message.restart for message in asked(harness)) == [FIRST, SECOND]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["RUN", FIRST, SECOND, FIRST, SECOND]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--since", "2026-01-02"], [SECOND]),
        (["--since", "2026-01-01", "--until", "2026-01-02"], [FIRST]),
        (["--pipeline", "words", "--state", "cancelled"], []),
        (["--pipeline", "letters"], []),
    ],
)
def test_a_dry_run_lists_and_does_nothing(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str], words: list[str], expected: list[str]
) -> None:
    """By time, state and pipeline."""
    assert rerun(harness.given("rerun", *words, "--dry-run", "--json"), harness.cloud) == 0
    assert [run["run_id"] for run in json.loads(capsys.readouterr().out)] == expected
    assert asked(harness) == []


class Terminal(StringIO):
    """A terminal on which a person answers."""

    def isatty(self) -> bool:
        """Say that somebody is there."""
        return True


@pytest.mark.parametrize(("answer", "begun"), [("y\n", 2), ("n\n", 0), ("\n", 0), ("", 0)])
def test_a_person_is_asked_before_many_are_begun(
    harness: CommandHarness, monkeypatch: pytest.MonkeyPatch, answer: str, begun: int
) -> None:
    """Anything but yes is no."""
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    code = rerun(harness.given("rerun", "--pipeline", "words"), harness.cloud)
    assert (code == 0, len(asked(harness))) == (begun > 0, begun)


def test_nothing_is_begun_where_nobody_can_be_asked(
    harness: CommandHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names --yes."""
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    with pytest.raises(UsageError, match="Expected --yes to rerun 2 runs"):
        rerun(harness.given("rerun", "--pipeline", "words"), harness.cloud)
    assert asked(harness) == []


@pytest.mark.parametrize("words", [[], [FIRST, "--pipeline", "p"], ["--state", "failed"], ["--until", "2h"]])
def test_words_that_do_not_go_together(harness: CommandHarness, words: list[str]) -> None:
    """One run or many, and never all of all time."""
    with pytest.raises(UsageError, match="Expected"):
        are_many(harness.given("rerun", *words))


def test_many_are_retried_one_at_a_time(
    harness: CommandHarness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second when the first has ended."""
    monkeypatch.setattr(Deployment, "work_retention", timedelta(days=36_500))
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        harness.end(FIRST, RunState.SUCCEEDED)

    given: Any = harness.given("retry", "--pipeline", "words", "--yes", "--max-concurrency", "1")
    assert retry(given, harness.cloud, sleep=sleep) == 0
    states = [run.state for run in map(harness.ledger.load, (FIRST, SECOND)) if run]
    assert (len(waited), states) == (1, [RunState.SUCCEEDED, RunState.RUNNING])


def test_one_of_many_that_is_refused_is_no_end_of_the_others(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is reported; the exit code says that some were refused."""
    given: Any = harness.given("retry", "--pipeline", "words", "--yes")
    assert retry(given, harness.cloud) == 1
    said = capsys.readouterr().err
    assert [run_id in said for run_id in (FIRST, SECOND)] == [True, True]
    assert "expires" in said
