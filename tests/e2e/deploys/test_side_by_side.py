"""Two Sluices in one account and Region, of the same pipelines: each starts and follows its own runs only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.aws import client_of
from cli.cloud import Cloud
from cli.commands.destroy import destroy
from cli.deploying.bootstrap import shared_assets
from cli.main import parser
from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from sluice.ledger import records
from sluice.operate.runs.reader import RunReader
from sluice.operate.start.requests import request_run
from sluice.pipeline.loading import load_pipelines
from sluice.pipeline.trigger_names import MANUAL
from sluice.run.job_names import run_id
from stacks.configuration import Configuration
from tests.conftest import EMAIL, free_port
from tests.e2e.application import wait_for
from tests.e2e.deploys.test_second_deploy import bare_project
from tests.stacks.projects import HEAD

# The longest that there may be: CloudFormation cuts the names of its rules, which the queues' policies know.
TEAM = "Team-of-fifteen"
NAME = "one-of-the-longest-names-of-a-pipeline-1"
PIPELINE = f"""
pipeline = Pipeline(
    name="{NAME}",
    triggers=[Manual(), S3Upload(prefix="in/")],
    steps=[Job("work", image="busybox:1", command=["true"])],
)
"""
UNKNOWN = "not-there"


class Sluices:
    """The deployed Sluices by their prefixes, in one cloud."""

    def __init__(self, place: LocalCloudPaths, root: Path) -> None:
        self.place = place
        client = cache(lambda service: client_of(place, service))
        self.client = client
        self.root = root
        self.of = {prefix: self.deploy(prefix) for prefix in ("Sluice", TEAM)}
        [self.pipeline] = load_pipelines(root, Configuration().offered)

    def runs(self, prefix: str) -> set[str]:
        """Return the ids of the runs in the ledger of one Sluice."""
        cloud = self.of[prefix]
        found = cloud.client("dynamodb").scan(TableName=cloud.deployment.table)["Items"]
        return {item["pk"]["S"].removeprefix("RUN#") for item in found if item["sk"]["S"] == records.RUN}

    def ended(self, prefix: str, run: str) -> str:
        """Return the state in which a run of one Sluice has ended."""
        reader = RunReader(self.of[prefix].ledger, self.client("batch"))
        return wait_for(
            lambda: next((view.state for view in reader.read([run]) if view.ended), None),
            f"the end of {run} in {prefix}",
        )

    def deploy(self, prefix: str) -> Cloud:
        """Deploy the project once more, and return it as commands see it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ALERT_EMAIL", EMAIL)
            patch.setenv("SLUICE_STACK_PREFIX", prefix)
            deploy(self.place, print, self.root)
        return Cloud(self.client, "here", prefix)

    def alarms(self) -> list[str]:
        """Return the names of the alarms that are raised."""
        found = self.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
        return [one["AlarmName"] for one in found]

    def dead_letter_queue(self, prefix: str) -> str:
        """Return the queue of the messages that the trigger stage of one Sluice has set aside."""
        stack = f"{prefix}Control"
        found = self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        [queue] = [
            one["PhysicalResourceId"]
            for one in found
            if one["LogicalResourceId"].startswith("TriggerDeadLetters")
            and one["ResourceType"] == "AWS::SQS::Queue"
        ]
        return str(queue)

    def dead_letters(self, prefix: str) -> list[dict[str, Any]]:
        """Return the messages in that queue."""
        answer = self.client("sqs").receive_message(
            QueueUrl=self.dead_letter_queue(prefix), MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [json.loads(one["Body"]) for one in answer.get("Messages", [])]

    def ask(self, **detail: str) -> None:
        """Send a request as any program does."""
        entry = {"Source": "sluice", "DetailType": "Run Requested", "Detail": json.dumps(detail)}
        self.client("events").put_events(Entries=[entry])


@pytest.fixture(scope="module")
def sluices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sluices]:
    """One project, deployed twice to one cloud with different prefixes."""
    root = bare_project(tmp_path_factory.mktemp("both") / "project")
    (root / "pipelines" / "one.py").write_text(HEAD + PIPELINE)
    place = LocalCloudPaths(free_port(), tmp_path_factory.mktemp("cloud"))
    process.start(place)
    try:
        yield Sluices(place, root)
    finally:
        process.stop(place)


def test_each_starts_only_its_own_and_no_alarm_is_raised(sluices: Sluices) -> None:
    """Requests to either, one without an address, and an upload to one inbox."""
    events, before = sluices.client("events"), {one: sluices.runs(one) for one in sluices.of}
    asked = {
        prefix: request_run(events, sluices.pipeline, prefix, None, stack_prefix=prefix)
        for prefix in sluices.of
    }
    sluices.ask(pipeline=NAME, token="nobody")
    nobody = run_id(NAME, MANUAL, {"token": "nobody"})
    inbox = sluices.of[TEAM].deployment.inbox
    sluices.client("s3").put_object(Bucket=inbox, Key="in/a.txt", Body=b"a")
    for prefix, run in (*asked.items(), ("Sluice", nobody)):
        assert sluices.ended(prefix, run) == "SUCCEEDED"
    [uploaded] = wait_for(lambda: sluices.runs(TEAM) - before[TEAM] - {asked[TEAM]}, "the run of the upload")
    assert sluices.ended(TEAM, uploaded) == "SUCCEEDED"
    assert sluices.runs("Sluice") - before["Sluice"] == {asked["Sluice"], nobody}
    assert sluices.runs(TEAM) - before[TEAM] == {asked[TEAM], uploaded}
    assert [sluices.dead_letters(prefix) for prefix in sluices.of] == [[], []]
    assert sluices.alarms() == []


def test_the_same_token_is_a_run_of_each(sluices: Sluices) -> None:
    """Their runs have one id, their jobs one name, and each is followed to its end in its own ledger."""
    events = sluices.client("events")
    for prefix in sluices.of:
        request_run(events, sluices.pipeline, "same", None, stack_prefix=prefix)
    same = run_id(NAME, MANUAL, {"token": "same"})
    assert [sluices.ended(prefix, same) for prefix in sluices.of] == ["SUCCEEDED", "SUCCEEDED"]
    jobs = {
        prefix: sluices.of[prefix].ledger.load(same).steps["work"].job_id  # type: ignore[union-attr]
        for prefix in sluices.of
    }
    assert len(set(jobs.values())) == 2


def test_a_request_for_a_pipeline_that_is_not_there_alarms_the_one_that_was_asked(sluices: Sluices) -> None:
    """And only that one."""
    sluices.ask(pipeline=UNKNOWN, token="t", stack_prefix=TEAM)
    [refused] = wait_for(lambda: sluices.dead_letters(TEAM), "the request in Team's dead letters")
    assert refused["detail"]["pipeline"] == UNKNOWN
    assert sluices.dead_letters("Sluice") == []
    [alarm] = wait_for(sluices.alarms, "the alarm")
    assert alarm.startswith(f"{TEAM}Control-TriggerAlarm")
    sluices.client("sqs").purge_queue(QueueUrl=sluices.dead_letter_queue(TEAM))
    wait_for(lambda: not sluices.alarms(), "the end of the alarm")


def test_one_is_destroyed_with_its_data_and_the_other_goes_on(sluices: Sluices) -> None:
    """First only what would be done is said; then stacks, buckets, ledger, definitions and images of the one
    are gone, and nothing of the other or of another app.
    """
    cloud, ecr = sluices.deploy("Gone"), sluices.client("ecr")
    run = request_run(sluices.client("events"), sluices.pipeline, "here", None, stack_prefix="Gone")
    sluices.of["Gone"] = cloud
    assert sluices.ended("Gone", run) == "SUCCEEDED"
    del sluices.of["Gone"]
    given = parser().parse_args(["destroy"])
    shared = shared_assets(sluices.client("sts"))
    for tag in ("GonePipelines-1", "SluicePipelines-1", "0f3a"):
        ecr.put_image(repositoryName=shared.repository, imageManifest=json.dumps({"of": tag}), imageTag=tag)
    table, inbox = cloud.deployment.table, cloud.deployment.inbox
    assert destroy(given, cloud) == 0
    assert cloud.ledger.load(run)
    given = parser().parse_args(["destroy", "--data", "--confirm", "Gone"])
    assert destroy(given, cloud) == 0
    names = [one["StackName"] for one in sluices.client("cloudformation").describe_stacks()["Stacks"]]
    assert not [name for name in names if name.startswith("Gone")]
    assert table not in sluices.client("dynamodb").list_tables()["TableNames"]
    assert inbox not in [one["Name"] for one in sluices.client("s3").list_buckets()["Buckets"]]
    images = ecr.list_images(repositoryName=shared.repository)["imageIds"]
    assert sorted(one["imageTag"] for one in images) == ["0f3a", "SluicePipelines-1"]
    run = request_run(sluices.client("events"), sluices.pipeline, "after", None)
    assert sluices.ended("Sluice", run) == "SUCCEEDED"
    again = parser().parse_args(["destroy", "--data", "--confirm", "Gone"])
    assert destroy(again, cloud) == 0
