"""`sluice run NAME --items FILE` requests a run of just these items."""

from __future__ import annotations

import json
from pathlib import Path

import botocore.session
import pytest

from cli.commands.run.command import run
from cli.errors import UsageError
from sluice.operate.errors import RunRemovedError
from sluice.triggers.restart import RestartRequested
from tests.cli.harness import CommandHarness
from tests.sluice.graphs import word_count
from tests.sluice.operate.harness import REGION

RUN = "words-" + "a" * 20


@pytest.fixture
def deployed(harness: CommandHarness, monkeypatch: pytest.MonkeyPatch) -> CommandHarness:
    """The pipeline words as it is deployed, and the trigger queue."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "123456789012")
    harness.clients["sqs"] = botocore.session.get_session().create_client("sqs", region_name=REGION)
    outputs = harness.clients["cloudformation"].outputs
    url = harness.clients["sqs"].create_queue(QueueName="trigger")["QueueUrl"]
    outputs["SluiceControl"]["TriggerQueue"] = url
    outputs["SluicePipelines"] = {"Definitions": "assets/list.json"}
    s3 = harness.clients["s3"]
    for bucket in ("assets", "work"):
        s3.create_bucket(Bucket=bucket)
    listed = json.dumps({"version": 1, "pipelines": {"words": "1.json"}})
    s3.put_object(Bucket="assets", Key="list.json", Body=listed.encode())
    s3.put_object(Bucket="assets", Key="1.json", Body=word_count().to_json().encode())
    return harness


def items(folder: Path, run_id: str = RUN) -> str:
    """Write the failed items of a run, and return the path."""
    line = {"run": run_id, "step": "count", "i": 3, "item": {"n": 3}, "error": "E", "message": "m"}
    path = folder / "failed.jsonl"
    path.write_text(json.dumps({**line, "child": 0, "attempt": 1}) + "\n")
    return str(path)


def test_the_items_of_a_run_go_with_its_trigger(
    deployed: CommandHarness, tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And with the deployed definition."""
    deployed.begin(RUN, "2026-01-01T00:00:00.000+00:00")
    given = deployed.given("run", "words", "--items", items(tmp_path), "--detach")
    assert run(given, deployed.cloud, root) == 0
    queue = deployed.cloud.deployment.trigger_queue
    (message,) = deployed.clients["sqs"].receive_message(QueueUrl=queue)["Messages"]
    asked = RestartRequested.from_json(message["Body"])
    assert (asked.restart, asked.trigger) == (RUN, {"key": "word-count/a.txt"})
    assert asked.definition == {"bucket": "assets", "key": "1.json"}
    assert asked.items["split"]["items"] == 1
    assert capsys.readouterr().out.startswith("words-")


def test_items_of_a_run_that_is_gone_are_refused(
    deployed: CommandHarness, tmp_path: Path, root: Path
) -> None:
    """Its trigger is not known any more."""
    with pytest.raises(RunRemovedError):
        run(deployed.given("run", "words", "--items", items(tmp_path)), deployed.cloud, root)


@pytest.mark.parametrize("words", [("a.txt",), ("--overrides", "{}"), ("--prefix", "texts/")])
def test_items_stand_alone(
    deployed: CommandHarness, tmp_path: Path, root: Path, words: tuple[str, ...]
) -> None:
    """Files are the items of another way to start."""
    given = deployed.given("run", "words", *words, "--items", items(tmp_path))
    with pytest.raises(UsageError, match="Expected --items without"):
        run(given, deployed.cloud, root)
