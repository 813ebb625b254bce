"""Objects that exist become runs once, whatever their events did, and wherever a backfill is killed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from sluice.backfill.listing import listed
from sluice.backfill.starting import GroupStarter, Progress, SingleStarter, backfill, survey
from sluice.backfill.target import Target
from sluice.errors import UnsettledError
from sluice.grouping.gathering import Gatherer
from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.ledger import records as items
from sluice.messages import GroupedUpload
from sluice.run.job_names import run_id
from sluice.testing.memory.tables import Table
from sluice.triggers.trigger_event import S3Object
from tests.sluice.backfill.fake_bucket import Bucket
from tests.sluice.backfill.test_target import target

QUEUE = "https://queue"
GROUPED = "s3-group://landing/sales/*.csv"


class KilledError(Exception):
    """The process was killed."""


class World:
    """A bucket, a ledger and the trigger queue, which outlive a process that is killed."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Have these objects, and nothing begun."""
        self.bucket, self.table, self.calls = Bucket(keys), Table("ledger"), Counter[str]()
        self.sent: list[dict[str, Any]] = []
        self.groups: dict[str, list[str]] = {}
        self.kill_at: int | None = None

    def __getattr__(self, name: str) -> Any:
        """Return a call of DynamoDB; a kill comes before it or behind it, in turns."""
        call = getattr(self.table, name)

        def counted(**request: Any) -> Any:
            self.calls[name] += 1
            number = self.calls.total()
            if number == self.kill_at and number % 2:
                raise KilledError
            answer = call(**request)
            if number == self.kill_at:
                raise KilledError
            return answer

        return counted

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        """Take messages; each begins its run, unless it has begun."""
        self.calls["send"] += 1
        for entry in request["Entries"]:
            message = json.loads(entry["MessageBody"])
            self.sent.append(message)
            stored = message["detail"]["object"]
            identity = {"bucket": "landing", "key": stored["key"], "version": stored["etag"]}
            run = run_id(message["pipeline"], message["trigger"], identity)
            self.table.put_item(TableName="ledger", Item=items.run_key(run))
        return {}

    def singles(self) -> SingleStarter:
        """Return what starts a run for each object."""
        return SingleStarter(
            dynamodb=self, table="ledger", sqs=self, trigger_queue=QUEUE, sleep=lambda _: None
        )

    def grouping(self) -> GroupStarter:
        """Return what starts runs of groups."""
        ledger = GroupLedger(self, "ledger")
        gatherer = Gatherer(
            ledger=ledger,
            remind=lambda message, seconds: None,
            write=lambda group, files: None,
            ask=self._ask,
            sleep=lambda _: None,
            resumes=True,
        )
        return GroupStarter(ledger=ledger, gatherer=gatherer)

    def _ask(self, group: Group, files: Sequence[S3Object]) -> None:
        self.groups[group.run_id] = [file.key for file in files]

    def run(self, starter: SingleStarter | GroupStarter, wanted: Target) -> Progress:
        """Run a backfill to its end, or to its kill."""
        *_, last = [Progress(), *backfill(starter, wanted, listed(self.bucket, wanted))]
        return last


def keys(number: int) -> list[str]:
    """Return so many keys."""
    return [f"sales/{one:06d}.csv" for one in range(number)]


def test_what_an_event_began_is_not_begun_again_unless_asked() -> None:
    """A single object is known by its run."""
    world = World(keys(250))
    event = target().message(
        S3Object(bucket="landing", key="sales/000007.csv", version_id="", etag="e7", size=5)
    )
    world.send_message_batch(Entries=[{"MessageBody": event.to_json()}])
    (*_, counted) = survey(world.singles(), target(), listed(world.bucket, target()))
    assert (counted, len(world.sent)) == (Progress(250, 249), 1)
    assert world.run(world.singles(), target()) == Progress(250, 249)
    assert world.run(world.singles(), target()) == Progress(250, 0)
    assert [message["detail"]["object"]["key"] for message in world.sent[1:]] == [
        key for key in keys(250) if key != "sales/000007.csv"
    ]
    again = target(again="fix")
    assert [world.run(world.singles(), again).new for _ in range(2)] == [250, 0]


def test_a_message_that_sqs_does_not_take_is_sent_again_and_the_others_not() -> None:
    """At last it is an error: begin again."""
    world, answers = World(keys(10)), [{"Failed": [{"Id": "3"}]}, {}]
    sizes: list[int] = []

    def send(**request: Any) -> Any:
        sizes.append(len(request["Entries"]))
        return answers.pop(0) if answers else {"Failed": [{"Id": one["Id"]} for one in request["Entries"]]}

    world.send_message_batch = send  # type: ignore[method-assign]
    assert world.run(world.singles(), target()).new == 10
    assert sizes == [10, 1]
    with pytest.raises(UnsettledError, match="SQS did not take 10 messages"):
        world.run(world.singles(), target())


def test_groups_cost_calls_for_groups_and_no_look_at_new_objects() -> None:
    """Of 25,000 objects there are three groups; a second backfill finds nothing new."""
    world, wanted = World(keys(25_000)), target(trigger=GROUPED, group_of=10_000)
    assert world.run(world.grouping(), wanted) == Progress(25_000, 25_000)
    assert sorted(map(len, world.groups.values())) == [5_000, 10_000, 10_000]
    assert 25 <= world.bucket.calls["list"] <= 25 + 4
    assert world.calls["transact_write_items"] <= 3 * 104
    assert world.calls.total() - world.calls["transact_write_items"] <= 3 * 25
    world.calls.clear()
    assert world.run(world.grouping(), wanted) == Progress(25_000, 0)
    assert (len(world.groups), world.calls["transact_write_items"]) == (3, 0)


def test_files_of_groups_of_events_are_known_and_the_other_way_round() -> None:
    """The groups are others, the records of the files are the same."""
    world, wanted = World(keys(30)), target(trigger=GROUPED, group_of=10)
    event = GroupedUpload(
        pipeline="sales",
        trigger=GROUPED,
        definition={"bucket": "b", "key": "k"},
        detail={},
        within=60,
        of=10_000,
    )
    files = [file for page in listed(world.bucket, wanted) for file in page]
    assert world.grouping().gatherer.gather(event, files[:12]) == 12
    assert world.run(world.grouping(), wanted) == Progress(30, 18)
    assert world.grouping().gatherer.gather(event, files) == 0
    assert sorted(map(len, world.groups.values())) == [8, 10]


@pytest.mark.parametrize("kind", ["singles", "groups"])
def test_killed_at_any_call_and_begun_again_no_object_is_twice_and_none_is_left_out(kind: str) -> None:
    """Before each call of the ledger and behind it; no group is left for the sweep."""
    wanted = target() if kind == "singles" else target(trigger=GROUPED, group_of=100)
    kills = 0
    for kill_at in range(1, 60):
        world = World(keys(250))
        world.kill_at = kill_at
        starter = world.singles if kind == "singles" else world.grouping
        try:
            world.run(starter(), wanted)
        except KilledError:
            kills += 1
        world.kill_at = None
        world.run(starter(), wanted)
        if kind == "groups":
            assert not list(world.grouping().ledger.unfinished()), kill_at
            found = Counter(key for group in world.groups.values() for key in group)
        else:
            found = Counter(message["detail"]["object"]["key"] for message in world.sent)
        assert found == dict.fromkeys(keys(250), 1), kill_at
    assert kills >= 3
