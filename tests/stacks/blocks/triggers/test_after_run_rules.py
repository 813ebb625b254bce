"""Runs of a chain are started by the ends of cleanups, and by the sweep where these were lost."""

from __future__ import annotations

from tests.stacks.blocks.triggers.rules import rules_of
from tests.stacks.templates import Template


def test_a_chain_starts_by_either_event(pipelines: Template) -> None:
    """AWS Batch's own of the cleanup's end, or that of the sweep, which has the same names."""
    chained = [
        rule["EventPattern"]
        for rule in rules_of(pipelines)
        if "Batch Job State Change" in rule["EventPattern"]["detail-type"]
    ]
    assert chained
    for pattern in chained:
        assert pattern["source"] == ["aws.batch", "sluice"]
        assert pattern["detail-type"] == ["Batch Job State Change", "Run Results Complete"]
        assert pattern["detail"]["status"] == ["SUCCEEDED"]
        assert all(name["wildcard"].endswith("-*_cleanup_*") for name in pattern["detail"]["jobName"])
