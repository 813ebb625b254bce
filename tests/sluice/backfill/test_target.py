"""What a target takes, and what its messages are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sluice.backfill.target import Target, targets_from_json, targets_to_json
from sluice.grouping.group import Group
from sluice.grouping.records import group_from, group_item
from sluice.messages import Triggered
from sluice.triggers.trigger_event import S3Object, parse_trigger

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FILE = S3Object(
    bucket="landing", key="sales/a.csv", version_id="", etag="e", size=5, time="2026-01-01T00:00:00Z"
)


def target(**given: object) -> Target:
    """Return a target of the sales."""
    known = {
        "pipeline": "sales",
        "trigger": "s3://landing/sales/*.csv",
        "definition": {"bucket": "b", "key": "k"},
    }
    return Target(**{**known, "bucket": "landing", "prefix": "sales/", "suffixes": (".csv",), **given})  # type: ignore[arg-type]


def test_it_takes_what_ends_so_in_its_time() -> None:
    """From a time up to, without, another one; no placeholder of a folder."""
    found, second = target(since=NOON, until=NOON + timedelta(hours=1)), timedelta(seconds=1)
    assert found.takes("sales/a.csv", 5, NOON)
    assert not found.takes("sales/a.csv", 5, NOON - second)
    assert not found.takes("sales/a.csv", 5, NOON + timedelta(hours=1))
    assert not found.takes("sales/a.txt", 5, NOON)
    assert not target(suffixes=("",)).takes("sales/", 0, NOON)


def test_a_place_is_a_part_of_it_or_all_of_it_or_nothing() -> None:
    """As the prefixes nest."""
    narrow, wide = target().below("sales/2026/"), target().below("sa")
    assert narrow is not None
    assert wide is not None
    assert (narrow.prefix, wide.prefix) == ("sales/2026/", "sales/")
    assert target().below("stock/") is None


def test_its_message_begins_the_run_that_the_event_would_have_begun() -> None:
    """A repetition begins another one."""
    event = {"bucket": {"name": "landing"}, "object": {"key": "sales/a.csv", "size": 5, "etag": "e"}}
    message = Triggered.from_json(target().message(FILE).to_json())
    assert (message.trigger, message.detail) == ("s3://landing/sales/*.csv", event)
    read = parse_trigger(message)
    assert read is not None
    assert read.identity() == FILE.identity()
    assert target(again="fix-1").message(FILE).trigger == "s3://landing/sales/*.csv~fix-1"


def test_the_limit_of_a_backfill_goes_with_its_messages_and_stays_with_its_groups() -> None:
    """Also where the sweep hands a group over; without a limit there is no word of one."""
    known = {"bucket": "b", "key": "k"}
    assert target().message(FILE).definition == known
    limited = target(max_concurrency=3, group_of=10)
    assert limited.message(FILE).definition == {**known, "max_concurrent_runs": 3}
    group = group_from(group_item(Group.opened(limited.grouped(), 1, NOON, NOON)))
    assert group.trigger_message([FILE], "work").definition == {**known, "max_concurrent_runs": 3}


def test_a_job_reads_the_targets_that_it_is_given() -> None:
    """What a person asks for is no part of them."""
    targets = [target(), target(bucket="other", suffixes=(".csv", ".CSV"), group_of=10)]
    assert targets_from_json(targets_to_json(targets)) == targets
    asked = target(since=NOON, again="fix", max_concurrency=3)
    assert targets_from_json(targets_to_json([asked])) == [target()]
