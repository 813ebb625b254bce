"""The failure reports of jobs join the reasons of failures."""

from __future__ import annotations

import json

import pytest

from sluice import keys
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.state import RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import begun, ended, failed, run_of


def test_the_report_of_a_failing_child_joins_the_reason(aws: Aws) -> None:
    """The error of the first failed child, and its item."""
    run_id = begun(aws)
    report = {"error": "ValueError", "message": "not a number", "item": {"start": 7}}
    aws.client("s3").put_object(
        Bucket="work", Key=keys.failure(run_id, "count", 2, 0), Body=json.dumps(report).encode()
    )
    failed(aws, run_id)
    assert (
        run_of(aws, run_id).steps["count"].reason
        == "1 of 3 children failed: ValueError: not a number (item {'start': 7})"
    )


@pytest.mark.parametrize("report", [b"{", b"[]", b'{"error": "E"}', b"5"])
def test_a_report_that_cannot_be_read_leaves_the_failure_recorded(aws: Aws, report: bytes) -> None:
    """Only the report is missing."""
    run_id = begun(aws)
    aws.client("s3").put_object(Bucket="work", Key=keys.failure(run_id, "count", 0, 0), Body=report)
    failed(aws, run_id)
    assert run_of(aws, run_id).steps["count"].reason == "1 of 3 children failed"
    assert run_of(aws, run_id).state is RunState.FAILED


def test_a_failing_node_is_named_in_the_reason(aws: Aws) -> None:
    """What the node reported comes before what AWS Batch knows of the main node."""
    ring = CompiledPipeline("words", (CompiledStep("ring", Kind.MULTI_NODE, "d", "steady", groups=(4,)),))
    assert aws.call("trigger", aws.upload(ring)) == []
    run_id = str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0]
    report = {"error": "ValueError", "message": "cannot", "item": None, "node": 2, "attempt": 1}
    aws.client("s3").create_bucket(Bucket="work")
    aws.client("s3").put_object(
        Bucket="work", Key=keys.failure(run_id, "ring", 2, 0), Body=json.dumps(report).encode()
    )
    node = json.loads(ended(aws, run_id, "ring", "FAILED", nodeDetails={"nodeIndex": 2}))
    node["detail"]["jobId"] += "#2"
    assert aws.call("track", json.dumps(node)) == []
    assert run_of(aws, run_id).steps["ring"].state is StepState.SUBMITTED, "a node's end is not the job's"
    assert (
        aws.call("track", ended(aws, run_id, "ring", "FAILED", attempts=[{"container": {"exitCode": 1}}]))
        == []
    )
    assert (
        run_of(aws, run_id).steps["ring"].reason
        == "ValueError: cannot (node 2) (the program ended with exit code 1)"
    )
