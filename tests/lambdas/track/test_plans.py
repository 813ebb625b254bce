"""The sweep finds manifests whose message was lost."""

from __future__ import annotations

import pytest

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.run.compiled import Kind
from sluice.run.state import RunState, StepState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import describe, ended, old_run, run_of
from tests.sluice.graphs import pipeline, step


@pytest.mark.parametrize("items", [0, 3])
def test_the_sweep_finds_the_items_of_a_plan_whose_message_was_lost(
    items: int, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in its manifest; a manifest that was not completed is none."""
    run_id, job_id = planning(aws)
    s3, whole = aws.client("s3"), keys.manifest(run_id, "split", f"{job_id}-2")
    incomplete(aws, run_id, job_id)
    write_manifest(s3, "work", whole, [{"n": number} for number in range(items)])
    describe(aws, monkeypatch)
    assert aws.call("track", '{"sweep": true}') == []
    assert aws.call("track", '{"sweep": true}') == []
    record = run_of(aws, run_id).steps["split"]
    assert (record.state, record.items, record.manifest) == (StepState.SUCCEEDED, items, whole)
    assert run_of(aws, run_id).steps["count"].children == items


@pytest.mark.parametrize("told", ["by its event", "by the sweep"])
def test_a_plan_that_ends_well_before_it_announces_its_items_fails_the_run(
    told: str, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest that was not completed is none."""
    run_id, job_id = planning(aws)
    incomplete(aws, run_id, job_id)
    describe(aws, monkeypatch)
    event = ended(aws, run_id, "split", "SUCCEEDED") if told == "by its event" else '{"sweep": true}'
    assert aws.call("track", event) == []
    run = run_of(aws, run_id)
    assert (run.state, run.failed_step, run.steps["split"].reason) == (
        RunState.FAILED,
        "split",
        "AWS Batch reports success, but the plan ended before it announced its items",
    )


def planning(aws: Aws) -> tuple[str, str]:
    """Begin a run of a plan and an array, and return it and the plan's job."""
    graph = pipeline(step("split", Kind.PLAN), step("count", Kind.ARRAY, items_of="split"))
    run_id = old_run(aws, "a", graph=graph)
    return run_id, str(run_of(aws, run_id).steps["split"].job_id)


def incomplete(aws: Aws, run_id: str, job_id: str) -> None:
    """Let the plan's first attempt have ended while it wrote its manifest."""
    index = keys.manifest_index(keys.manifest(run_id, "split", f"{job_id}-1"))
    aws.client("s3").put_object(Bucket="work", Key=index, Body=bytes(8))
