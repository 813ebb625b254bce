"""Why the jobs of a step failed, as people are told."""

from __future__ import annotations

import json
from dataclasses import replace

from sluice import keys
from sluice.items.failed_items import FailedItem
from sluice.operate.runs.failures import FailureReader
from sluice.run.state import GenerationSpec, ItemSource, Run, StepRecord, StepState
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.harness import OperateHarness

_RUN = Run(run_id=RUN_ID, pipeline=pipeline(step("work")), trigger={}, created_at=START.isoformat())
_FAILED = StepRecord(
    name="work",
    state=StepState.FAILED,
    job_id="j",
    children=2,
    item_source=ItemSource(None, 8),
    generation=1,
    spec=GenerationSpec(children="0"),
)


def test_the_reason_of_the_last_generation_is_told(harness: OperateHarness) -> None:
    """Child 0 failed at an item, and then failed for another reason, without a word of its items: that is
    why it failed. Child 1 ran once, and what failed of it holds (seed 1010037).
    """
    s3 = harness.clients["s3"]
    s3.create_bucket(Bucket="work")
    for child, item in ((0, 3), (1, 5)):
        failed = FailedItem(number=item, value="{}", error="Bad", message="no", child=child, attempt=1)
        key = keys.failed_items(RUN_ID, "work", 0, child, 1, 0)
        s3.put_object(Bucket="work", Key=key, Body=failed.to_line().encode())
        s3.put_object(Bucket="work", Key=keys.word(RUN_ID, "work", 0, child, done=3, failed=1))
    report = {"error": "ClientError", "message": "ServiceUnavailable"}
    s3.put_object(
        Bucket="work", Key=keys.failure(RUN_ID, "work", 0, generation=1), Body=json.dumps(report).encode()
    )
    reader = FailureReader(s3, "work", _RUN)
    told = [(one.reason, one.children) for one in reader.grouped(_FAILED).groups]
    assert told == [("Bad: no", (1,)), ("ClientError: ServiceUnavailable", (0,))]
    under_way = replace(_FAILED, state=StepState.SUBMITTED, generation=1)
    assert [one.children for one in reader.grouped(under_way).groups] == [(0, 1)]
