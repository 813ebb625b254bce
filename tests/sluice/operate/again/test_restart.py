"""A run's trigger once more, whatever it was; a list of files is the new run's own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sluice import keys
from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.items.manifest import read_slice, write_manifest
from sluice.messages import GroupedUpload
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.again.restart import Restarter
from sluice.operate.errors import OperationError
from sluice.run.state import Run
from sluice.triggers.restart import RestartRequested
from sluice.triggers.trigger_event import (
    Request,
    S3Object,
    ScheduledTime,
    TriggerEvent,
    UploadGroup,
    WebhookDelivery,
)
from tests.sluice.clouds import START, TABLE
from tests.sluice.graphs import word_count
from tests.sluice.operate.harness import OperateHarness

QUEUE = "https://sqs/trigger"
FILES = [S3Object(bucket="inbox", key=f"w/{n}.txt", version_id="v", etag="e", size=n) for n in range(3)]
TRIGGERS: list[TriggerEvent] = [
    S3Object(bucket="inbox", key="w/a.txt", version_id="v1", etag="e", size=6 * 1024**4, sequencer="0A"),
    Request(token="t", input="x" * 100_000, overrides={"count": {"memory": 4096}}),
    ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)", input=[1]),
    WebhookDelivery(form="github", id="7", event="push", input={"ref": "main"}),
]


class Queue:
    """The trigger queue."""

    def __init__(self) -> None:
        """Have no messages."""
        self.sent: list[RestartRequested] = []

    def send_message(self, **request: Any) -> dict[str, Any]:
        """Take a message."""
        assert request["QueueUrl"] == QUEUE
        self.sent.append(RestartRequested.from_json(request["MessageBody"]))
        return {}


class Rerunning:
    """A restarter over moto, with one deployed pipeline."""

    def __init__(self, harness: OperateHarness) -> None:
        """Make the buckets."""
        self.s3, self.queue = harness.clients["s3"], Queue()
        for bucket in ("work", "assets"):
            self.s3.create_bucket(Bucket=bucket)
        deployed = {"version": 1, "pipelines": {"words": "S/1.json"}}
        self.s3.put_object(Bucket="assets", Key="list.json", Body=json.dumps(deployed).encode())
        self.s3.put_object(Bucket="assets", Key="S/1.json", Body=word_count().to_json().encode())
        self.definitions = DeployedDefinitions(self.s3, "assets", "list.json")
        self.groups = GroupLedger(harness.clients["dynamodb"], TABLE)
        self.restarter = Restarter(
            groups=self.groups,
            s3=self.s3,
            sqs=self.queue,
            trigger_queue=QUEUE,
            work_bucket="work",
            definitions=self.definitions,
        )


@pytest.fixture
def rerunning(harness: OperateHarness) -> Rerunning:
    """A restarter with nothing to restart."""
    return Rerunning(harness)


def run_by(trigger: TriggerEvent) -> Run:
    """Return a run with this trigger."""
    return Run(run_id="words-a", pipeline=word_count(), trigger=trigger.to_dict())


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda one: one.kind)
def test_any_trigger_is_sent_again_as_it_was(rerunning: Rerunning, trigger: TriggerEvent) -> None:
    """A file of any size, an input of any length."""
    new = rerunning.restarter.restart(run_by(trigger), "t", with_current_code=False)
    (sent,) = rerunning.queue.sent
    assert (sent.restart, sent.trigger, sent.definition) == ("words-a", trigger.to_dict(), {})
    assert new.startswith("words-")
    assert sent.started_by() == trigger


def test_a_token_is_one_run_and_the_new_run_repeats_the_first(rerunning: Rerunning) -> None:
    """A run that repeats another can be repeated itself."""
    run = replace(run_by(TRIGGERS[0]), trigger={**TRIGGERS[0].to_dict(), "restart_of": "words-0"})
    ids = [rerunning.restarter.restart(run, token, with_current_code=False) for token in ("t", "t", "u")]
    assert ids[0] == ids[1] != ids[2]
    assert rerunning.queue.sent[0].stored()["restart_of"] == "words-a"


def test_the_deployed_definition_is_named(rerunning: Rerunning) -> None:
    """By the list of the deploy."""
    rerunning.restarter.restart(run_by(TRIGGERS[0]), "t", with_current_code=True)
    assert rerunning.queue.sent[0].definition == {"bucket": "assets", "key": "S/1.json"}
    assert rerunning.definitions.load("words") == word_count()


def test_a_pipeline_that_is_not_deployed_any_more_is_refused(rerunning: Rerunning) -> None:
    """With the names that are."""
    run = replace(run_by(TRIGGERS[0]), pipeline=replace(word_count(), name="wordss"))
    with pytest.raises(OperationError, match=r"deployed \(words\), found 'wordss'. Did you mean"):
        rerunning.restarter.restart(run, "t", with_current_code=True)
    assert rerunning.queue.sent == []


def group_of(rerunning: Rerunning) -> tuple[UploadGroup, Run]:
    """Return a group of three files as the ledger knows it, and its run."""
    upload = GroupedUpload(
        pipeline="words",
        trigger="s3-group:w/*.txt",
        definition={"bucket": "assets", "key": "S/1.json"},
        detail={},
        within=60,
        of=10,
    )
    group = Group.opened(upload, 1, START, START)
    assert rerunning.groups.open(group, FILES, START.isoformat()) is None
    trigger = UploadGroup(
        bucket="inbox",
        prefix="w/",
        suffix=".txt",
        group=group.name,
        files=3,
        work_bucket="work",
        manifest=group.manifest,
    )
    return trigger, replace(run_by(trigger), run_id=group.run_id)


@pytest.mark.parametrize("cleaned", [False, True])
def test_a_group_has_its_files_again(rerunning: Rerunning, *, cleaned: bool) -> None:
    """From the list of the earlier run, or, when its cleanup has removed that, from the ledger."""
    trigger, run = group_of(rerunning)
    if not cleaned:
        write_manifest(rerunning.s3, "work", trigger.manifest, (file.to_item() for file in FILES))
    new = rerunning.restarter.restart(run, "t", with_current_code=False)
    sent = rerunning.queue.sent[0].trigger
    assert sent["manifest"] == keys.uploads(new) != trigger.manifest
    found = list(read_slice(rerunning.s3, "work", keys.uploads(new), 0, 3))
    assert found == [file.to_item() for file in FILES]


def test_a_group_that_nothing_lists_any_more_is_refused(rerunning: Rerunning) -> None:
    """The ledger forgets it after a year."""
    trigger, run = group_of(rerunning)
    gone = replace(trigger, group="2020-01-01T00:00:00.000+00:00-9")
    with pytest.raises(OperationError, match="Upload the files again"):
        rerunning.restarter.restart(replace(run, trigger=gone.to_dict()), "t", with_current_code=False)
    assert rerunning.queue.sent == []
