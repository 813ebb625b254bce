"""What the role of the console may do: each right with its bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.ledger.listed import LISTED_INDEX
from tests.stacks.exceptions import OF_THE_CONSOLE
from tests.stacks.templates import Template, many, text
from tests.stacks.test_permissions import nag, wildcards_of


def test_every_wildcard_has_a_reason(control: Template) -> None:
    """And every reason is needed."""
    found = {one for one in wildcards_of([control]) if one[0].startswith("Console")}
    assert [one for one in sorted(found) if not any(each.covers(*one) for each in OF_THE_CONSOLE)] == []
    assert [each for each in OF_THE_CONSOLE if not any(each.covers(*one) for one in found)] == []


def test_what_it_writes_in_the_ledger_is_runs_and_the_end_of_pauses(control: Template) -> None:
    """Nothing of groups, sets, queues of runs or records of alerts."""
    bounds = [
        statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for statement in control.statements_of("ConsoleRole")
        if "dynamodb:UpdateItem" in many(statement["Action"])
    ]
    assert bounds == [["RUN#*"], ["PAUSES"]]


def test_it_queries_both_indexes_of_the_ledger(control: Template) -> None:
    """Those of unfinished runs and of listings, which it is refused otherwise once the index is complete."""
    (found,) = [
        [text(each) for each in many(one["Resource"])]
        for one in control.statements_of("ConsoleRole")
        if "dynamodb:Query" in many(one["Action"])
    ]
    indexes = {one.rpartition("/index/")[2] for one in found if "/index/" in one}
    assert indexes == {UNFINISHED_INDEX, LISTED_INDEX}


def test_it_ends_jobs_of_its_own_sluice_alone(control: Template) -> None:
    """By the tag that tells several of an account apart."""
    (found,) = [
        one["Condition"]
        for one in control.statements_of("ConsoleRole")
        if "batch:TerminateJob" in many(one["Action"])
    ]
    assert found == {"StringEquals": {"aws:ResourceTag/sluice:app": "Sluice"}}


def test_it_reads_its_own_secrets_alone(control: Template, with_provider: Template) -> None:
    """That of its sessions, and the client's of a company's provider."""
    resources = [
        [text(each) for each in many(one["Resource"])]
        for template in (control, with_provider)
        for one in template.statements_of("ConsoleRole")
        if "secretsmanager:GetSecretValue" in many(one["Action"])
    ]
    assert [len(one) for one in resources] == [1, 2]
    assert [one for one in resources[1] if one.endswith(":secret:console-AbCdEf")]


@pytest.mark.parametrize("own_provider", [False, True])
def test_cdk_nag_finds_only_wildcards(tmp_path: Path, own_provider: bool) -> None:
    """All else that AwsSolutions asks for is done, or accepted with a reason beside the construct."""
    from tests.stacks.blocks.console.conftest import OWN_PROVIDER

    findings = nag(tmp_path, {"SLUICE_CONSOLE": "true", **(OWN_PROVIDER if own_provider else {})})
    ours = [(rule, path) for rule, path in findings if "/Console/" in path]
    assert ours
    assert [rule for rule, _ in ours if not rule.startswith("AwsSolutions-IAM5[Resource::")] == []
