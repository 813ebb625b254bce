"""The sweep finds manifests whose message was lost."""

from __future__ import annotations

import pytest

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.run.compiled import Kind
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import describe, old_run, run_of
from tests.sluice.graphs import pipeline, step


@pytest.mark.parametrize("items", [0, 3])
def test_the_sweep_finds_the_items_of_a_plan_whose_message_was_lost(
    items: int, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in its manifest; a manifest that was not completed is none."""
    graph = pipeline(step("split", Kind.PLAN), step("count", Kind.ARRAY, items_of="split"))
    run_id = old_run(aws, "a", graph=graph)
    job_id = str(run_of(aws, run_id).steps["split"].job_id)
    s3, whole = aws.client("s3"), keys.manifest(run_id, "split", f"{job_id}-2")
    s3.put_object(
        Bucket="work", Key=keys.manifest_index(keys.manifest(run_id, "split", f"{job_id}-1")), Body=bytes(8)
    )
    describe(aws, monkeypatch)
    assert aws.call("track", '{"sweep": true}') == []
    assert not run_of(aws, run_id).steps["split"].planned
    write_manifest(s3, "work", whole, [{"n": number} for number in range(items)])
    assert aws.call("track", '{"sweep": true}') == []
    record = run_of(aws, run_id).steps["split"]
    assert (record.items, record.manifest) == (items, whole)
    assert run_of(aws, run_id).steps["count"].children == items
