"""What the jobs of a pipeline may do, and that it is of no other pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack, assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from sluice import Job, Manual, Pipeline
from sluice.pipeline.compiling import inbox_of
from sluice.receipts.location import location_of
from sluice.triggers.inbox import REQUESTS
from sluice.triggers.trigger_event import ScheduledTime
from stacks.blocks.jobs.result_grants import grant_failed_items
from tests.stacks.projects import composed, project
from tests.stacks.synthesis import deployed
from tests.stacks.templates import Template, many, text


def test_jobs_of_a_pipeline_share_roles_with_no_other(pipelines: Template) -> None:
    """Each pipeline has its own role for its programs, for its cleanup and for starting containers, and its
    own log group.

    A start job has two more: it may submit, and its image is another.
    """
    seen: dict[str, set[str]] = {}
    for definition in pipelines.properties("AWS::Batch::JobDefinition"):
        container = definition["ContainerProperties"]
        # The name of one may begin like another's.
        owner = max(
            (
                one.name
                for one in deployed()
                if definition["JobDefinitionName"].startswith(f"sluice-{one.name}-")
            ),
            key=len,
        )
        own = [
            container["JobRoleArn"],
            container["ExecutionRoleArn"],
            container["LogConfiguration"]["Options"]["awslogs-group"],
        ]
        seen.setdefault(owner, set()).update(text(one) for one in own)
    expected = {one.name: 6 if one.submit_from == "start-job" else 4 for one in deployed()}
    assert {name: len(own) for name, own in seen.items()} == expected
    assert sum(len(own) for own in seen.values()) == len(set.union(*seen.values()))


LOCATION = re.compile(rf"/{REQUESTS}(?P<pipeline>[^/*?]+)/\*$")


def _of_requests(pipelines: Template) -> Iterator[tuple[str, str, set[str]]]:
    for role, one in pipelines.statements():
        for resource in map(text, many(one["Resource"])):
            if f"/{REQUESTS}" in resource:
                yield role, resource, set(many(one["Action"]))


def test_jobs_read_what_comes_with_requests_for_their_own_pipeline(pipelines: Template) -> None:
    """Of pipelines with a Manual trigger, and of no other; and nothing wider is granted there."""
    manual = [one.name for one in deployed() if any(isinstance(trigger, Manual) for trigger in one.triggers)]
    granted = {}
    for role, resource, actions in _of_requests(pipelines):
        location = LOCATION.search(resource)
        assert location, f"{role} may use {resource}"
        assert actions == {"s3:GetObject", "s3:GetObjectVersion"}
        granted[location["pipeline"]] = role
    assert sorted(granted) == sorted(manual)
    assert all(role.startswith(name.replace("-", "") + "JobsJobRole") for name, role in granted.items()), (
        granted
    )


def test_roles_of_jobs_are_for_tasks_of_this_account_only(pipelines: Template) -> None:
    """Execution roles too: another account's tasks cannot make AWS use them."""
    trusts = [
        statement
        for role in pipelines.properties("AWS::IAM::Role")
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
        if statement["Principal"].get("Service") == "ecs-tasks.amazonaws.com"
    ]
    wanted = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert trusts
    assert [one for one in trusts if one.get("Condition") != wanted] == []


def test_a_condition_on_items_is_not_met_by_a_request_that_names_none(
    pipelines: Template, control: Template
) -> None:
    """ "For all" is true of nothing at all, so that a scan would pass: the key must be there."""
    conditions = [
        statement["Condition"]
        for template in (pipelines, control)
        for _, statement in template.statements()
        if "dynamodb:LeadingKeys" in str(statement.get("Condition"))
    ]
    assert conditions
    assert [one for one in conditions if one["Null"].get("dynamodb:LeadingKeys") != "false"] == []


def test_jobs_list_only_what_begins_like_their_own_uploads(pipelines: Template) -> None:
    """Not the names of other pipelines' files."""
    listings = [
        (role, one)
        for role, one in pipelines.statements()
        if "s3:ListBucket" in many(one["Action"]) and "Inbox" in text(one["Resource"])
    ]
    assert listings
    for role, one in listings:
        wanted = [
            [f"{prefix}*" for prefix in inbox_of(found)]
            for found in deployed()
            if role.startswith((f"{found.name.replace('-', '')}JobsJobRole", "GroupingGroupRole"))
        ]
        assert one["Condition"]["StringLike"]["s3:prefix"] in wanted


def test_jobs_write_results_of_their_own_pipelines_runs(pipelines: Template) -> None:
    """Below a folder that is called like a run: the pipeline's name and 20 characters. A cleanup writes three
    files there: the failed items, the report and the receipt.
    """
    written = [
        (role, text(resource))
        for role, one in pipelines.statements()
        if "s3:PutObject" in many(one["Action"])
        for resource in many(one["Resource"])
        if "Results" in text(resource)
    ]
    assert len(written) == 4 * len(deployed())
    for role, resource in written:
        folder = re.search(
            r">/(?P<pipeline>[a-z0-9-]+)/(?P<run>[^/]+)/(?P<file>\*|failed\.jsonl|_sluice\.(json|html))$",
            resource,
        )
        assert folder, resource
        assert folder["run"] == f"{folder['pipeline']}-{'?' * 20}"
        writer = "JobRole" if folder["file"] == "*" else "CleanupRole"
        assert role.startswith(f"{folder['pipeline'].replace('-', '')}Jobs{writer}")


def test_a_pipeline_may_say_that_its_jobs_write_beside_their_runs(tmp_path: Path) -> None:
    """One word: then anywhere below its own name, and nowhere else."""
    found = 'Pipeline(name="free", triggers=[Manual()], publishes="anywhere", steps=[Job("a", run="work")])'
    composed(project(tmp_path / "project", {"free": f"pipeline = {found}"}), tmp_path / "out").synth()
    template = Template.read(tmp_path / "out" / "SluicePipelines.template.json")
    written = [
        text(resource)
        for _, one in template.statements()
        if "s3:PutObject" in many(one["Action"])
        for resource in many(one["Resource"])
        if "Results" in text(resource)
    ]
    names = ("_sluice.html", "_sluice.json", "failed.jsonl")
    of_cleanup = [f"/free/free-{'?' * 20}/{name}" for name in names]
    assert sorted(one.rpartition(">")[2] for one in written) == ["/free/*", *of_cleanup]


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("s3://team-results/free/", f"team-results/free/free-{'?' * 20}/"),
        ("s3://team-results/free/{run}/", f"team-results/free/free-{'?' * 20}/"),
        ("s3://team-results/free/day={date}/", "team-results/free/day=*/"),
        ("s3://team-results/free/{date}/{run}/", f"team-results/free/*/free-{'?' * 20}/"),
    ],
)
def test_jobs_publish_into_a_bucket_of_their_team_and_nowhere_else(
    tmp_path: Path, address: str, folder: str
) -> None:
    """Below folders that are as the address says; by run, below those of its own runs."""
    found = f'Pipeline(name="free", triggers=[Manual()], results="{address}", steps=[Job("a", run="work")])'
    composed(project(tmp_path / "project", {"free": f"pipeline = {found}"}), tmp_path / "out").synth()
    template = Template.read(tmp_path / "out" / "SluicePipelines.template.json")
    found_of = {
        action: sorted(
            text(resource).partition(":s3:::")[2]
            for _, one in template.statements()
            if action in many(one["Action"])
            for resource in many(one["Resource"])
            if "Work" not in text(resource) and ":s3:::" in text(resource)
        )
        for action in ("s3:PutObject", "s3:GetObject")
    }
    names = ("*", "_sluice.html", "_sluice.json", "failed.jsonl")
    assert found_of["s3:PutObject"] == [f"{folder}{name}" for name in names]
    assert found_of["s3:GetObject"] == [f"{folder}*"] * 2, "the step, for what it replaces, and the cleanup"
    receipt = receipt_of_a_run(address)
    assert fnmatchcase(receipt, f"{folder}_sluice.json"), f"the cleanup of a run may write {receipt}"


def receipt_of_a_run(address: str) -> str:
    """Return where a run of a scheduled time writes its receipt."""
    place = location_of(
        address,
        pipeline="free",
        run_id=f"free-{'a' * 20}",
        trigger=ScheduledTime(time="2026-01-31T02:00:00Z", expression="cron(0 2 * * ? *)").to_dict(),
        began="2026-02-01T00:00:00+00:00",
        default_bucket="results",
    )
    return f"{place.bucket}/{place.receipt}"


def track_policies(*results: str | None) -> list[dict[str, Any]]:
    """Return the policies of a stack whose pipelines publish there."""
    stack = Stack(App(), "Pipelines")
    pipelines = [
        Pipeline(name=f"p-{number}", triggers=[Manual()], steps=[Job("a", run="a")], results=address)
        for number, address in enumerate(results)
    ]
    role = iam.Role.from_role_name(stack, "Track", "track")
    bucket = s3.Bucket.from_bucket_name(stack, "Results", "results")
    grant_failed_items(stack, "FailedItems", pipelines=pipelines, results=bucket, role=role)
    found = assertions.Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
    return [one["Properties"] for one in found.values()]


def test_only_files_of_that_name_below_the_prefixes() -> None:
    """Each in its own bucket."""
    (policy,) = track_policies("s3://team/words/{date}/", "s3://other/", None)
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:PutObject"
    assert [str(one).rpartition(":::")[2].split("'")[0] for one in statement["Resource"]] == [
        f"other/p-1-{'?' * 20}/*failed.jsonl",
        "team/words/*/*failed.jsonl",
    ]
    assert policy["Roles"] == ["track"]


def test_without_such_a_bucket_there_is_no_policy() -> None:
    """A policy without a resource is none."""
    assert track_policies(None) == []
