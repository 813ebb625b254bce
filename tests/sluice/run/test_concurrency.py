"""Which runs are alike, and in what order versions of an object come."""

from __future__ import annotations

import pytest

from sluice.errors import MalformedMessageError
from sluice.run.concurrency import Concurrency

UPLOAD = {
    "kind": "s3-upload",
    "bucket": "inbox",
    "key": "a/b.csv",
    "version_id": "v1",
    "etag": "e",
    "size": 1,
    "sequencer": "0A",
}
SET = {"kind": "s3-set", "partition": {"date": "2026-01-01", "region": "eu"}}


@pytest.mark.parametrize(
    ("per", "trigger", "key"),
    [
        ("pipeline", UPLOAD, ""),
        ("object", UPLOAD, "s3://inbox/a/b.csv"),
        ("object", {"kind": "manual", "token": "t"}, ""),
        ("partition", SET, '{"date":"2026-01-01","region":"eu"}'),
        ("partition", UPLOAD, ""),
        ("backfill", UPLOAD, "backfill"),
    ],
)
def test_the_key_of_a_run_is_that_of_what_started_it(per: str, trigger: dict[str, object], key: str) -> None:
    """Runs whose trigger has no such key share one."""
    assert Concurrency(1, per).key_of(trigger) == key


def test_only_versions_of_one_object_have_an_order_besides_their_arrival() -> None:
    """S3's sequencers order the versions of a key, and nothing else."""
    assert Concurrency(1, "object").version_order(UPLOAD) == "0A".ljust(64, "0")
    assert Concurrency(1, "pipeline").version_order(UPLOAD) == ""
    assert Concurrency(1, "object").version_order({"kind": "manual"}) == ""


def test_a_compiled_pipeline_without_a_limit_says_nothing() -> None:
    """What was compiled before there were limits has none."""
    assert Concurrency.from_dict(None) is None
    assert Concurrency.from_dict({"max_runs": 2, "per": "object", "replace": "newest"}) == Concurrency(
        2, "object", "newest"
    )


def test_a_backfill_gives_its_runs_a_limit_of_their_own() -> None:
    """In the definition of their messages; other messages have none."""
    assert Concurrency.of_backfill({"bucket": "b", "key": "k"}) is None
    assert Concurrency.of_backfill({"max_concurrent_runs": 3}) == Concurrency(3, "backfill")
    for wrong in (0, 101, "3", True, 1.5):
        with pytest.raises(MalformedMessageError, match="from 1 to 100"):
            Concurrency.of_backfill({"max_concurrent_runs": wrong})
