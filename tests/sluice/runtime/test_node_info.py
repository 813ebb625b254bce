"""Which node this is, from the variables of AWS Batch."""

from __future__ import annotations

from sluice.runtime.node_info import NodeInfo


def test_a_job_without_nodes_has_no_node_info() -> None:
    """Nor has an array's child."""
    assert NodeInfo.from_env({"AWS_BATCH_JOB_ID": "j:3", "AWS_BATCH_JOB_ARRAY_INDEX": "3"}) is None
