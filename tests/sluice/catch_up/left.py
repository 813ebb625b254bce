"""What is left to backfill in a ledger, for those that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sluice.backfill.target import Target
from sluice.catch_up.covered import registered
from sluice.catch_up.ledger import CatchUpLedger, CatchUpState
from sluice.grouping.gathering import Gatherer
from sluice.grouping.ledger import GroupLedger
from sluice.run.compiled import CaughtUpSchedule
from sluice.triggers.trigger_event import S3Object
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import word_count

DAILY = "cron(0 2 * * ? *)"
SCHEDULE = CaughtUpSchedule(
    trigger=f"schedule:{DAILY} UTC", expression=DAILY, timezone="UTC", start="2026-01-01"
)


def miss(
    clients: Mapping[str, Any], days: int, *, done: int = 0, pipeline: str = "words", stored: bool = True
) -> None:
    """Let so many days of a schedule be missed, of which the first ``done`` were looked at; the definition is
    ``stored`` in the inbox.
    """
    key = f"{pipeline}.json"
    if stored:
        deployed = replace(word_count(), catch_up=(SCHEDULE,))
        clients["s3"].put_object(Bucket="inbox", Key=key, Body=deployed.to_json().encode())
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    covered = registered({}, [SCHEDULE], begin + timedelta(days=days))
    if done:
        last = begin + timedelta(days=done - 1, hours=2)
        covered = {name: one.past(last) for name, one in covered.items()}
    state = CatchUpState(
        pipeline=pipeline,
        definition={"bucket": "inbox", "key": key},
        seen_at="2026-01-01T00:00:00.000+00:00",
        covered=covered,
    )
    CatchUpLedger(clients["dynamodb"], TABLE).write(state)


def fill_a_group(clients: Mapping[str, Any], files: int = 1) -> None:
    """Put files into groups of a backfill, two in each."""
    ledger = GroupLedger(clients["dynamodb"], TABLE)
    gatherer = Gatherer(ledger=ledger, remind=lambda *_: None, write=lambda *_: None, ask=lambda *_: None)
    target = Target(
        pipeline="files",
        trigger="s3-group:files/*",
        definition={"bucket": "b", "key": "k"},
        bucket="inbox",
        prefix="files/",
        group_of=2,
    )
    for number in range(files):
        file = S3Object(bucket="inbox", key=f"files/{number}", version_id="1", etag="e", size=1)
        gatherer.gather(target.grouped(), [file])
