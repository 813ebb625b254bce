"""What a backfill is about, and what it starts runs with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest

from sluice.backfill.asked import Asked
from sluice.backfill.starters import Starters
from sluice.backfill.starting import GroupStarter, SingleStarter
from sluice.messages import GroupDue
from sluice.operate.backfill import targets_of
from sluice.operate.errors import RequestError
from sluice.pipeline.definition import Job, Manual, Pipeline, S3Upload

DEFINITION = {"bucket": "assets", "key": "1.json"}
PIPELINE = Pipeline(
    name="sales",
    triggers=[
        S3Upload(prefix="sales/", suffix=".csv"),
        S3Upload(bucket="landing", prefix="in/", group_within="60s"),
    ],
    steps=[Job("work", run="work")],
)


def test_without_a_place_it_is_about_all_that_the_triggers_take() -> None:
    """In the inbox, and in the buckets that they name; grouped where they gather."""
    first, second = targets_of(PIPELINE, Asked(), "inbox", DEFINITION)
    assert (first.bucket, first.trigger, first.group_of) == ("inbox", "s3:sales/*.csv", None)
    assert (second.bucket, second.trigger, second.group_of) == ("landing", "s3-group://landing/in/*", 10_000)
    starters = Starters(client=Mock(), table="t", work_bucket="work", trigger_queue="q")
    assert isinstance(starters.of(first), SingleStarter)
    assert isinstance(starters.of(second), GroupStarter)


@pytest.mark.parametrize("runs", [None, 1])
def test_objects_are_listed_in_order_where_runs_wait_for_each_other(runs: int | None) -> None:
    """They wait in the order in which they come."""
    pipeline = replace(PIPELINE, max_concurrent_runs=runs)
    first, _ = targets_of(pipeline, Asked(), "inbox", DEFINITION)
    assert first.in_order is (runs == 1)


def test_a_place_is_what_triggers_take_of_it() -> None:
    """The deeper of the two prefixes."""
    (found,) = targets_of(PIPELINE, Asked(place="s3://landing/in/2026/"), "inbox", DEFINITION)
    assert (found.bucket, found.prefix) == ("landing", "in/2026/")
    (found,) = targets_of(PIPELINE, Asked(place="s3://inbox"), "inbox", DEFINITION)
    assert found.prefix == "sales/"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Asked(place="s3://inbox/stock/"), r"takes \(s3://inbox/sales/\*.csv and s3://landing/in/\*\)"),
        (Asked(place="s3://other/in/"), "of which none takes anything"),
        (Asked(place="landing/in/"), "a place such as s3://bucket/prefix"),
        (
            Asked(since=datetime(2026, 2, 1, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC)),
            "--since before --until",
        ),
    ],
)
def test_what_matches_nothing_is_refused_before_anything_is_listed(asked: Asked, says: str) -> None:
    """With what the triggers take."""
    with pytest.raises(RequestError, match=says):
        targets_of(PIPELINE, asked, "inbox", DEFINITION)


def test_a_pipeline_that_no_object_starts_is_refused() -> None:
    """Whatever else starts it."""
    asked = Pipeline(name="asked", triggers=[Manual()], steps=[Job("work", run="work")])
    with pytest.raises(RequestError, match="Expected an S3Upload trigger of asked, found none"):
        targets_of(asked, Asked(), "inbox", DEFINITION)


def test_no_reminder_is_sent() -> None:
    """A group whose process died is the sweep's."""
    client = Mock()
    starters = Starters(client=client, table="t", work_bucket="work", trigger_queue="q")
    starter = starters.of(targets_of(PIPELINE, Asked(), "inbox", DEFINITION)[1])
    assert isinstance(starter, GroupStarter)
    client.reset_mock()
    starter.gatherer.remind(GroupDue(pipeline="sales", trigger="t", number=1), 900)
    assert client.mock_calls == []
