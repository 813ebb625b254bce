"""A start job writes the ledger, and only for runs of its own pipeline."""

from __future__ import annotations

import re

from tests.stacks.templates import Template, many


def test_no_job_writes_the_ledger_but_start_jobs(pipelines: Template) -> None:
    """A job's role reads the ledger, and only the items of its own pipeline's runs; a start job's writes them
    too.
    """
    of_jobs = [
        (role, one)
        for role, one in pipelines.statements()
        if "Webhook" not in role and not role.startswith("GroupingGroup")
    ]
    of_ledger = [(role, one) for role, one in of_jobs if "dynamodb:" in str(one["Action"])]
    assert of_ledger
    reads, writes = (
        {"dynamodb:GetItem", "dynamodb:BatchGetItem"},
        {"dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"},
    )
    for role, statement in of_ledger:
        actions = set(many(statement["Action"]))
        assert actions == reads | (writes if "StartRole" in role else set())
        (keys,) = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        assert re.fullmatch(r"RUN#[a-z0-9-]+-\?{20}", keys)
