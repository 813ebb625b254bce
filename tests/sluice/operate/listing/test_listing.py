"""Which runs a listing has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sluice.grouping.records import file_item
from sluice.ledger import listed as places
from sluice.operate.listing import listing
from sluice.operate.listing.labels import label_run
from sluice.operate.listing.listing import RunFilter, list_runs
from sluice.run.state import RunState
from sluice.triggers.trigger_event import S3Object
from tests.sluice.clouds import TABLE, refused
from tests.sluice.graphs import pipeline, step
from tests.sluice.operate.harness import OperateHarness
from tests.sluice.operate.listing.older_runs import Unscannable, forget_listing
from tests.sluice.operate.runs.three_runs import at, begin_three_runs, open_group, words

MANY = 104


@pytest.fixture
def three(harness: OperateHarness) -> OperateHarness:
    """A run that failed, one that succeeded and one that runs, in this order."""
    begin_three_runs(harness)
    return harness


def listed(harness: OperateHarness, **filters: Any) -> list[str]:
    """Return the ids of a listing."""
    found = list_runs(harness.client, TABLE, asked=RunFilter(**filters), limit=500)
    return [run.run_id for run in found.runs]


def test_all_runs_newest_first(three: OperateHarness) -> None:
    """Without filters every run is listed, steps and notes are not."""
    assert listed(three) == [words(2), words(1), words(0)]


@pytest.mark.parametrize(
    ("state", "number"), [(RunState.FAILED, 0), (RunState.SUCCEEDED, 1), (RunState.RUNNING, 2)]
)
def test_runs_in_a_state(three: OperateHarness, state: RunState, number: int) -> None:
    """A state lists the runs in it."""
    assert listed(three, state=state) == [words(number)]


@pytest.mark.parametrize("state", [None, RunState.RUNNING])
def test_runs_of_a_pipeline(three: OperateHarness, state: RunState | None) -> None:
    """A pipeline's name lists its runs, not those of a pipeline whose name begins so."""
    assert listed(three, pipeline="words", state=state)
    assert listed(three, pipeline="word", state=state) == []


@pytest.mark.parametrize("state", [None, RunState.RUNNING])
def test_more_runs_than_a_page(harness: OperateHarness, state: RunState | None) -> None:
    """More runs than one BatchGetItem takes are all listed; a limit takes the newest and says that there are
    more.
    """
    for number in range(MANY):
        harness.begin(words(number), at(number), pipeline(step("a")))
    newest = [words(number) for number in reversed(range(MANY))]
    assert listed(harness, state=state) == newest
    some = list_runs(harness.client, TABLE, asked=RunFilter(state=state), limit=7)
    assert [run.run_id for run in some.runs] == newest[:7]
    assert some.more
    assert not list_runs(harness.client, TABLE, asked=RunFilter(state=state), limit=MANY).more


class _CountedQueries:
    """A client that counts the pages of its Queries."""

    def __init__(self, client: Any) -> None:
        self._client, self.queries = client, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_paginator(self, name: str) -> Any:
        """Return a paginator whose pages count."""
        pages, found = self._client.get_paginator(name), self

        class Pages:
            def paginate(self, **request: Any) -> Iterator[Any]:
                for page in pages.paginate(**request):
                    found.queries += 1
                    yield page

        return Pages()


def _wait(harness: OperateHarness, run_id: str, unfinished: str) -> None:
    """Let a run wait, in the partition of the index of the unfinished that it is in."""
    harness.client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"RUN#{run_id}"}, "sk": {"S": "RUN"}},
        UpdateExpression="SET #state = :state, unfinished = :unfinished",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": "WAITING"}, ":unfinished": {"S": unfinished}},
    )


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.WAITING])
def test_what_is_under_way_costs_the_same_for_many_pipelines(
    harness: OperateHarness, state: RunState
) -> None:
    """Of all pipelines: the newest first, and of a range of times; one that was resumed and is not in its
    queue yet waits as well.
    """
    names = [f"pipeline{number:02d}-" + "a" * 20 for number in range(30)]
    for number, run_id in enumerate(names):
        harness.begin(run_id, at(number), pipeline(step("a")))
    if state is RunState.WAITING:
        for number, run_id in enumerate(names):
            _wait(harness, run_id, "run" if number % 10 == 0 else "waiting")
    assert listed(harness, state=state) == names[::-1]
    client = _CountedQueries(harness.client)
    some = list_runs(client, TABLE, asked=RunFilter(state=state, since=at(5), until=at(25)), limit=100)
    assert [run.run_id for run in some.runs] == names[5:25][::-1]
    assert client.queries <= 2


def test_a_listing_reads_what_it_returns(harness: OperateHarness) -> None:
    """When all runs are in the index nothing is scanned, and a listing reads one run more than it returns."""
    for number in range(MANY):
        harness.begin(words(number), at(number), pipeline(step("a")))
    assert len(listed(harness)) == MANY
    client = Unscannable(harness.client)
    newest = list_runs(client, TABLE, asked=RunFilter(pipeline="words"), limit=5)
    assert [run.run_id for run in newest.runs] == [words(number) for number in reversed(range(99, 104))]
    assert client.items <= 6


def test_a_time(three: OperateHarness) -> None:
    """`since` is included, `until` is not; nothing is between times the wrong way round."""
    assert listed(three, since=at(1)) == [words(2), words(1)]
    assert listed(three, until=at(1)) == [words(0)]
    assert listed(three, since=at(1), until=at(2), state=RunState.SUCCEEDED) == [words(1)]
    assert listed(three, since=at(2), until=at(1)) == []


def test_pipelines_whose_names_begin_alike(harness: OperateHarness) -> None:
    """The runs of each pipeline are listed, and those of another one are not among them."""
    names = [
        "word-aaaaaaaaaaaaaaaaaaaa",
        "word-count-aaaaaaaaaaaaaaaaaaaa",
        "word-zaaaaaaaaaaaaaaaaaaa",
        "x-a",
    ]
    for number, run_id in enumerate(names):
        harness.begin(run_id, at(number), replace(pipeline(step("a")), name=run_id.rpartition("-")[0]))
    for _ in range(3):
        assert listed(harness) == list(reversed(names))
        assert listed(harness, pipeline="word") == [names[2], names[0]]


@pytest.mark.parametrize("text", ["a.txt", "A.TXT", "word-count/a.txt", "s3://inbox/word-count/a.txt"])
def test_runs_of_a_file(three: OperateHarness, text: str) -> None:
    """A file's name finds its runs, with folders or without, whatever its case."""
    assert listed(three, input=text) == [words(2), words(1), words(0)]
    assert listed(three, input=text, state=RunState.FAILED) == [words(0)]


def test_a_part_of_an_input(three: OperateHarness) -> None:
    """A text that is no file's name is looked for in what the newest runs show of their input."""
    assert listed(three, input="count/") == [words(2), words(1), words(0)]
    assert listed(three, input="b.txt") == []


def test_runs_with_labels(three: OperateHarness) -> None:
    """A label lists its runs, several those that have all; a listing shows them."""
    for number, labels in ((0, ["team=data"]), (1, ["team=data", "why=test run"]), (2, ["team=date"])):
        label_run(three.client, TABLE, words(number), labels)
    assert listed(three, labels=frozenset(["team=data"])) == [words(1), words(0)]
    assert listed(three, labels=frozenset(["team=data", "why=test run"])) == [words(1)]
    assert listed(three, labels=frozenset(["team=data"]), state=RunState.FAILED) == [words(0)]
    assert listed(three, labels=frozenset(["team=dat"])) == []
    shown = {run.run_id: run.labels for run in list_runs(three.client, TABLE, limit=9).runs}
    assert shown[words(1)] == ("team=data", "why=test run")


def test_a_listing_looks_through_so_many_runs(three: OperateHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing ends when it has looked through its most runs, and says that there may be more."""
    assert len(listed(three)) == 3
    monkeypatch.setattr(listing, "MAX_EXAMINED", 2)
    found = list_runs(three.client, TABLE, asked=RunFilter(input="no such"), limit=5)
    assert found == listing.Listing((), more=True)


def test_runs_of_an_older_version(three: OperateHarness) -> None:
    """Runs that were written before there was an index are listed at once, and are in it from then on."""
    for number in range(3):
        forget_listing(three, words(number))
    for _ in range(2):
        assert listed(three) == [words(2), words(1), words(0)]
        assert listed(three, state=RunState.FAILED, input="a.txt") == [words(0)]
    client = Unscannable(three.client)
    assert [run.run_id for run in list_runs(client, TABLE, limit=5).runs] == [words(2), words(1), words(0)]


class ReadOnly(Unscannable):
    """A client of DynamoDB of a person who may read only."""

    def get_paginator(self, name: str) -> Any:
        """Return the paginator of a Query or a Scan."""
        return self._client.get_paginator(name)

    def put_item(self, **request: Any) -> Any:
        """Refuse it."""
        raise refused("AccessDeniedException", "not authorized to perform: dynamodb:PutItem")

    update_item = put_item


def test_who_may_only_read_sees_older_runs(three: OperateHarness) -> None:
    """Who may not write lists runs of an older version by a Scan, and changes nothing."""
    forget_listing(three, words(1))
    for _ in range(2):
        found = list_runs(ReadOnly(three.client), TABLE, asked=RunFilter(input="a.txt"), limit=2)
        assert [run.run_id for run in found.runs] == [words(2), words(1)]
        assert found.more


def test_an_index_that_is_not_deployed_yet(three: OperateHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table without the index is scanned, and nothing says that the index has all runs."""
    monkeypatch.setattr(places, "LISTED_INDEX", "none")
    assert listed(three) == [words(2), words(1), words(0)]
    assert "Item" not in three.client.get_item(TableName=TABLE, Key=places.COMPLETE)


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED])
def test_a_run_moves_with_its_state(harness: OperateHarness, state: RunState) -> None:
    """A run stands under its state alone: as it begins, as it ends, and as it goes on."""
    harness.begin(words(0), at(0), pipeline(step("a")))
    assert _place(harness) == places.by_state("words", RunState.RUNNING)
    harness.end(words(0), state, "a")
    assert _place(harness) == places.by_state("words", state)
    run = harness.ledger.load(words(0))
    assert run is not None
    assert harness.ledger.reopen(run)
    assert _place(harness) == places.by_state("words", RunState.RUNNING)


def _place(harness: OperateHarness) -> str:
    key = {"pk": {"S": f"RUN#{words(0)}"}, "sk": {"S": "RUN"}}
    item = harness.client.get_item(TableName=TABLE, Key=key)["Item"]
    assert item["listed_at"] == item["created_at"]
    return str(item["listed"]["S"])


def test_the_run_of_a_file_in_a_group(harness: OperateHarness) -> None:
    """A file that is one of a group finds the group's run, though that shows the group alone."""
    group = open_group()
    file = S3Object(bucket="inbox", key="in/Ä.csv", version_id="v", etag="e", size=1)
    harness.client.put_item(TableName=TABLE, Item=file_item(group, file, at(1)))
    assert listed(harness, input="ä.csv") == []
    harness.begin(group.run_id, at(2), pipeline(step("a")))
    assert listed(harness, input="in/ä.csv", pipeline="words") == [group.run_id]
    assert listed(harness, input="b.csv") == []
