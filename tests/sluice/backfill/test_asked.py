"""What a backfill is asked for, in words and as the input of its job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sluice.backfill.asked import Asked, NothingTakenError
from tests.sluice.backfill.test_target import target

FIRST, SECOND = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def test_a_job_is_asked_for_what_the_command_was() -> None:
    """All of it, and nothing that was left out."""
    asked = Asked(
        place="s3://landing/sales/2026/",
        since=FIRST,
        until=SECOND,
        again="fix",
        max_concurrency=3,
        dry_run=True,
    )
    assert Asked.from_dict(asked.to_dict()) == asked
    assert Asked().to_dict() == {}
    assert Asked.from_dict({}) == Asked()


def test_it_narrows_what_the_triggers_take() -> None:
    """By place and times, with the limit and the name of the repetition."""
    asked = Asked(place="s3://landing/sales/2026/", since=FIRST, again="fix", max_concurrency=3)
    (found,) = asked.parts_of([target(), target(bucket="other")])
    assert (found.bucket, found.prefix, found.since, found.until) == (
        "landing",
        "sales/2026/",
        FIRST,
        None,
    )
    assert (found.again, found.max_concurrency) == ("fix", 3)
    assert len(Asked().parts_of([target(), target(bucket="other")])) == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "a JSON object"),
        ([], "a JSON object"),
        ({"plase": "s3://b"}, "found plase"),
        ({"place": 5}, "place of type str, found 5"),
        ({"since": "yesterday"}, "since, a time such as"),
        ({"until": "2026-01-01"}, "until with a time zone"),
        ({"max_concurrency": 0}, "from 1 to 100, found 0"),
        ({"max_concurrency": 101}, "from 1 to 100, found 101"),
        ({"max_concurrency": True}, "max_concurrency of type int, found True"),
        ({"dry_run": "yes"}, "dry_run of type bool"),
    ],
)
def test_an_input_that_is_none_is_refused(given: Any, says: str) -> None:
    """Whoever may request runs may send any."""
    with pytest.raises(NothingTakenError, match=says):
        Asked.from_dict(given)


def test_what_no_trigger_takes_is_refused() -> None:
    """And times in the wrong order."""
    with pytest.raises(NothingTakenError, match="of which none takes anything"):
        Asked(place="s3://landing/stock/").parts_of([target()])
    with pytest.raises(NothingTakenError, match="a place such as"):
        Asked(place="landing").parts_of([target()])
    with pytest.raises(NothingTakenError, match="--since before --until"):
        Asked(since=SECOND, until=FIRST).parts_of([target()])
