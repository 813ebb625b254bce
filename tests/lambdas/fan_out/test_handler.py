"""The fan_out Lambda: items become arrays."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from sluice import keys
from sluice.messages import TooManyFailed
from sluice.run.compiled import Kind
from sluice.run.submission import Submission
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import begun, old_run, planned, run_of
from tests.sluice.graphs import pipeline, step


def test_the_same_items_announced_twice_are_fanned_out_once(aws: Aws) -> None:
    """SNS and SQS deliver at least once."""
    message = planned(aws, begun(aws))
    assert aws.call("fan_out", message, message) == []
    assert aws.batch.names() == ["cleanup", "count", "merge", "rank", "split"]


def test_items_and_claims_are_one_write(aws: Aws) -> None:
    """A read, what is claimed with what was found, what was submitted: whatever the steps are."""
    run_id, counted = begun(aws), Counter[str]()
    message = planned(aws, run_id)

    def count(model: Any, **_: Any) -> None:
        counted.update([model.name])

    aws.client("dynamodb").meta.events.register("before-call", count, unique_id="counted")
    assert aws.call("fan_out", message) == []
    assert counted == {"Query": 1, "TransactWriteItems": 2}
    steps = run_of(aws, run_id).steps
    assert (steps["split"].items, steps["split"].manifest, steps["count"].children) == (3, "m", 3)


def test_items_are_recorded_and_fanned_out_beside_a_claim_that_is_open(aws: Aws) -> None:
    """Then the claim is looked at first, as ever."""
    run_id = begun(aws)
    message, ledger = planned(aws, run_id), aws.handler("fan_out").advancer.ledger
    run = run_of(aws, run_id)
    cleanup = Submission(run.pipeline.step("cleanup"), 1)
    assert ledger.claim(run_id, [cleanup], datetime.now(UTC).isoformat(timespec="milliseconds"))
    aws.call("fan_out", message)
    assert run_of(aws, run_id).steps["split"].items == 3


@pytest.mark.parametrize("change", [{"job_id": "forged"}, {"step": "none"}, {"run": "words-" + "z" * 20}])
def test_a_plan_that_is_not_its_jobs_is_refused(aws: Aws, change: dict[str, str]) -> None:
    """Any job may publish on the topic: nothing is recorded, and nothing rings an alarm."""
    run = begun(aws)
    forged = json.dumps({**json.loads(planned(aws, run)), **change})
    assert aws.call("fan_out", forged) == []
    assert run_of(aws, run).steps["split"].manifest is None
    assert aws.received("dead") == []
    assert aws.call("fan_out", planned(aws, run)) == []
    assert run_of(aws, run).steps["split"].manifest == "m"


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"version": 1}', "x" * 100_000])
def test_junk_on_the_topic_is_no_alarm(aws: Aws, junk: str) -> None:
    """It is logged and counted, and does not fill the dead-letter queue."""
    assert aws.call("fan_out", junk) == []
    assert aws.received("dead") == []


@pytest.mark.parametrize(("failed", "ends"), [(2, False), (3, True)])
def test_an_array_ends_early_when_its_words_say_that_too_many_items_failed(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, failed: int, *, ends: bool
) -> None:
    """Whatever a child says: it is looked up. A message that comes twice changes nothing."""
    array = step("work", Kind.ARRAY, size=8, items_per_child=4, supervised=True, continues=True)
    gather = step("gather", finished=(("work", 0.0),), at_most=(("work", 2),))
    run_id = old_run(aws, "a", graph=pipeline(array, gather))
    ended: list[dict[str, str]] = []
    monkeypatch.setattr(aws.batch, "terminate_job", lambda **asked: ended.append(asked), raising=False)
    key = keys.word(run_id, "work", 0, 1, done=4 - failed, failed=failed)
    aws.client("s3").put_object(Bucket="work", Key=key, Body=b"")
    job_id = str(run_of(aws, run_id).steps["work"].job_id)
    message = TooManyFailed(run=run_id, step="work", generation=0, job_id=job_id, failed=99).to_json()
    assert aws.call("fan_out", message) == []
    reason = "3 of 8 items failed, and at most 2 may"
    assert ended == ([{"jobId": job_id, "reason": reason}] if ends else [])
    forged = json.dumps({**json.loads(message), "job_id": "forged"})
    assert aws.call("fan_out", forged) == []
    assert len(ended) == ends
