"""The commands over real runs: on the local cloud, with the app deployed and IAM enforced."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cli.aws import client_of, outputs
from cli.cloud import cloud_of
from cli.commands.graph.mermaid import mermaid
from cli.commands.run.command import run
from cli.main import main, parser
from cli.project import EXAMPLES
from local.paths import LocalCloudPaths
from sluice.operate.pipelines import find_pipeline
from sluice.operate.start.requests import request_run
from sluice.pipeline.trigger_names import MANUAL
from sluice.run.job_names import run_id as run_id_of
from stacks.project import VARIABLE

pytestmark = pytest.mark.e2e

SECONDS = 180
TEXT = b"the quick brown fox jumps over the lazy dog\n"


class Commands:
    """Runs commands against a cloud and returns what they print."""

    def __init__(self, place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]) -> None:
        """Use the cloud at ``place``."""
        self.place, self._capsys = place, capsys

    def run(self, *words: str) -> tuple[int, str, str]:
        """Return the exit code, the result and the notes of a command."""
        self._capsys.readouterr()
        code = main(words)
        return code, *self._capsys.readouterr()

    def document(self, *words: str) -> Any:
        """Return the JSON that a command prints."""
        return json.loads(self.run(*words, "--json")[1])

    def start(self, key: str, text: bytes) -> str:
        """Upload a text and return the id of the run that it starts, as soon as `sluice runs` lists it."""
        bucket = outputs(client_of(self.place, "cloudformation"))["InboxBucket"]
        client_of(self.place, "s3").put_object(Bucket=bucket, Key=key, Body=text)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            found = [run["run_id"] for run in self.document("runs", "--limit", "500") if run["input"] == key]
            if found:
                return str(found[0])
            time.sleep(0.1)
        pytest.fail(f"Expected a run for {key} within {SECONDS} s, found none.")


@pytest.fixture
def commands(
    deployed_cloud: LocalCloudPaths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """Commands against the deployed cloud, named by the environment as `sluice local env` prints it."""
    for name, value in deployed_cloud.client_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(VARIABLE, str(EXAMPLES))
    return Commands(deployed_cloud, capsys)


def test_run_uploads_asks_and_follows(commands: Commands, tmp_path: Path) -> None:
    """A file and a request each begin the run whose id the command knows beforehand, and are followed until
    they have succeeded.
    """
    text = tmp_path / "from-the-command.txt"
    text.write_bytes(TEXT)
    (uploaded,) = commands.document("run", "word-count", str(text))
    assert (uploaded["state"], uploaded["input"]) == ("SUCCEEDED", "word-count/from-the-command.txt")
    code, out, note = commands.run("run", "six-jobs", "--token", "from the command", "--input", '{"any": 1}')
    assert (code, "SUCCEEDED" in out, "following six-jobs-" in note) == (0, True, True)
    (listed,) = [
        run
        for run in commands.document("runs", "--limit", "500")
        if run["input"] == "request from the command"
    ]
    assert (
        commands.run("run", "six-jobs", "--token", "from the command", "--detach")[1]
        == f"{listed['run_id']}\n"
    )


def test_files_of_a_group_are_one_run_that_is_followed(commands: Commands, tmp_path: Path) -> None:
    """The command waits for the group, says what for, and follows its run."""
    paths = [tmp_path / f"gathered-{number}.txt" for number in range(5)]
    for path in paths:
        path.write_bytes(TEXT)
    code, out, note = commands.run("run", "small-files", *map(str, paths), "--json")
    assert code == 0, note
    views = json.loads(out)
    assert sum(int(view["input"].rpartition("(")[2].split()[0]) for view in views) == 5
    assert {view["state"] for view in views} == {"SUCCEEDED"}
    assert f"{views[-1]['run_id']} begins when its group closes: in " in note


def test_files_that_come_with_a_request_are_its_uploads(
    commands: Commands, deployed_project: Path, tmp_path: Path
) -> None:
    """The jobs may read them; a request that names another pipeline's files is set aside, and begins
    nothing.
    """
    paths = [tmp_path / "a b.txt", tmp_path / "ž.bin"]
    for path in paths:
        path.write_text(path.name)
    words = ["run", "brought", *map(str, paths), "--token", "brought/1", "--input", '{"n": 5}']
    cloud = cloud_of()
    assert run(parser().parse_args(words), cloud, deployed_project) == 0
    run_id = run_id_of("brought", MANUAL, {"token": "brought/1"})
    log = commands.run("logs", run_id, "read")[1]
    assert log.splitlines() == [f"5 requests/brought/brought%2F1/{path.name} {path.name}" for path in paths]

    record = cloud.ledger.load(run_id)
    assert record is not None
    foreign = [
        {**one, "key": one["key"].replace("requests/brought", "word-count")}
        for one in record.trigger["input"]["uploads"]
    ]
    refused = request_run(
        cloud.client("events"), find_pipeline("brought", deployed_project), "brought/2", {"uploads": foreign}
    )
    reason = _set_aside(commands.place)
    assert (
        "Expected uploads of brought, below requests/brought/, found word-count/brought%2F1/a b.txt" in reason
    )
    assert cloud.ledger.load(refused) is None


def _set_aside(place: LocalCloudPaths) -> str:
    """Take a message from the dead letters of the trigger queue, and return why it is there."""
    pages = (
        client_of(place, "cloudformation")
        .get_paginator("list_stack_resources")
        .paginate(StackName="SluiceControl")
    )
    found = [
        one
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::SQS::Queue"
    ]
    (url,) = [
        one["PhysicalResourceId"]
        for one in found
        if one["LogicalResourceId"].startswith("TriggerDeadLetters")
    ]
    sqs, deadline = client_of(place, "sqs"), time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for message in sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=2
        ).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return str(message["MessageAttributes"]["reason"]["StringValue"])
    pytest.fail(f"Expected a message in {url} within {SECONDS} s, found none.")


def test_a_run_from_its_begin_to_its_end(commands: Commands) -> None:
    """A run is listed while it runs, followed to its end, shown with all of its children, and each of its
    jobs' logs can be read.
    """
    run_id = commands.start("word-count/commands.txt", TEXT * 12_000)
    code, followed, _ = commands.run("show", run_id[: len("word-count-") + 8], "--follow")
    assert (code, "SUCCEEDED" in followed) == (0, True)
    view = commands.document("show", run_id)
    assert {(step["state"], step["done"] == step["children"]) for step in view["steps"]} == {
        ("SUCCEEDED", True)
    }
    children = {step["name"]: step["children"] for step in view["steps"]}
    last = children["count"] - 1
    assert children == {"split": 1, "count": last + 1, "rank": last + 1, "merge": 1, "cleanup": 1}
    assert last > 0
    assert [
        run["state"]
        for run in commands.document("runs", "--pipeline", "word-count", "--limit", "500")
        if run["run_id"] == run_id
    ] == ["SUCCEEDED"]
    _check_logs(commands, run_id, last)
    assert commands.run("cancel", run_id)[0] == 1
    code, drawing, _ = commands.run("graph", view["pipeline"], "--mermaid")
    assert (code, drawing) == (0, mermaid(find_pipeline("word-count", EXAMPLES)) + "\n")


def _check_logs(commands: Commands, run_id: str, last: int) -> None:
    """Read the log of each of the run's jobs; an array's needs the number of a child, up to ``last``."""
    for place in (["split"], ["count", str(last)], ["rank", "0"], ["merge"], ["cleanup"]):
        code, log, _ = commands.run("logs", run_id, *place)
        assert (code, f"{place[0]} of {run_id}, child {place[-1] if len(place) > 1 else 0}" in log) == (
            0,
            True,
        )
    code, _, note = commands.run("logs", run_id, "count")
    assert (code, f"0 to {last}, after its name" in note) == (2, True)


def test_a_run_that_fails(commands: Commands) -> None:
    """A failed run gives 1, its reason, and the number of the child whose log has the error."""
    run_id = commands.start("word-count/latin.txt", "é ".encode("latin-1") * 40_000)
    assert commands.run("show", run_id, "--follow")[0] == 1
    code, shown, _ = commands.run("show", run_id)
    assert (code, f"sluice logs {run_id} count" in shown, "TextError" in shown) == (1, True, True)
    _, _, note = commands.run("logs", run_id, "count")
    child = note.rpartition("Failed: ")[2].split(",")[0].strip().rstrip(".")
    assert "TextError" in commands.run("logs", run_id, "count", child)[1]
    assert run_id in [
        run["run_id"] for run in commands.document("runs", "--state", "failed", "--limit", "500")
    ]


def test_a_run_that_is_cancelled(commands: Commands) -> None:
    """After `sluice cancel` no job of the run lives, nothing is submitted any more, and no alert is sent."""
    run_id = commands.start("word-count/long.txt", TEXT * 25_000)
    code, said, _ = commands.run("cancel", run_id)
    assert (code, "a last check found none left" in said) == (0, True)
    jobs = _jobs(commands.place, run_id)
    assert {job["status"] for job in jobs} <= {"SUCCEEDED", "FAILED"}
    # Which step the cancel met is a matter of milliseconds; the run's last step it never missed.
    assert not [job for job in jobs if "_merge_" in job["jobName"] and job["status"] == "SUCCEEDED"]
    assert commands.run("show", run_id, "--follow")[0] == 1
    view = commands.document("show", run_id)
    assert view["state"] == "CANCELLED"
    _until_recorded(commands, run_id)
    assert sorted(job["jobId"] for job in _jobs(commands.place, run_id)) == sorted(
        job["jobId"] for job in jobs
    )
    assert commands.document("cancel", run_id) == {
        "run_id": run_id,
        "state": "CANCELLED",
        "terminated": [],
        "left": {"jobs": [], "claims": []},
    }


def _jobs(place: LocalCloudPaths, run_id: str) -> list[dict[str, Any]]:
    """Return every job of a run."""
    queue = outputs(client_of(place, "cloudformation"))["NormalQueue"]
    filters = [{"name": "JOB_NAME", "values": [f"{run_id}_*"]}]
    pages = client_of(place, "batch").get_paginator("list_jobs").paginate(jobQueue=queue, filters=filters)
    return [job for page in pages for job in page["jobSummaryList"]]


def _until_recorded(commands: Commands, run_id: str) -> None:
    """Wait until the ends of all jobs have reached the ledger: whatever they could have set off has been."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        steps = commands.document("show", run_id)["steps"]
        if all(step["state"] in ("SUCCEEDED", "NOT_RUN") or step["reason"] for step in steps):
            return
        time.sleep(0.2)
    pytest.fail(
        f"Expected the ledger to record the end of every job of {run_id} within {SECONDS} s, found {steps}."
    )
