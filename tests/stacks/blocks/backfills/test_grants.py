"""The pipeline that Sluice adds for backfills, in the template: its job reaches what belongs to the pipeline
that it backfills, and nothing else.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.stacks.projects import composed, project
from tests.stacks.templates import Template, many, text

PIPELINES = {
    "sales": """
pipeline = Pipeline(name="sales", steps=[Job("work", run="work")], triggers=[
    S3Upload(prefix="sales/", suffix=".csv", reconcile="7d"),
    S3Upload(bucket="team-landing", prefix="in/", group_of=10, reconcile="on-request"),
])
""",
    "stock": """
pipeline = Pipeline(name="stock", steps=[Job("work", run="work")], triggers=[
    S3Upload(prefix="stock/", reconcile="12h"),
])
""",
    "fleet": """
pipeline = Pipeline(name="fleet", steps=[Job("work", run="work")], triggers=[
    S3Upload(bucket="fleet-landing", prefix="in/", reconcile="on-request",
             inventory="s3://team-reports/all$/fleet-landing/daily/",
             kms_key="arn:aws:kms:eu-central-1:111122223333:key/1"),
])
""",
    "plain": """
pipeline = Pipeline(name="plain", steps=[Job("work", run="work")], triggers=[S3Upload(prefix="plain/")])
""",
}
Statement = dict[str, Any]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of the pipelines."""
    root = project(tmp_path_factory.mktemp("project"), PIPELINES)
    outdir = tmp_path_factory.mktemp("out")
    composed(root, outdir).synth()
    return Template.read(outdir / "SluicePipelines.template.json")


def of_job(template: Template, name: str, action: str) -> list[Statement]:
    """Return the statements of a backfill's job that allow an action."""
    role = f"{name}backfillJobsJobRole"
    return [one for found, one in template.statements() if role in found and action in many(one["Action"])]


def test_it_lists_the_prefixes_of_its_pipeline_and_reads_no_object_of_them(template: Template) -> None:
    """In the inbox and in other buckets, with their versions."""
    listing = of_job(template, "sales", "s3:ListBucketVersions")
    below = [one["Condition"]["StringLike"]["s3:prefix"] for one in listing]
    assert below == [["sales/*"], ["in/*"]]
    read = [
        text(resource)
        for one in of_job(template, "sales", "s3:GetObject")
        for resource in many(one["Resource"])
    ]
    assert not [one for one in read if re.search(r"(team-landing|/sales/|/in/)", one.replace("/runs/", ""))]
    assert of_job(template, "stock", "s3:ListBucketVersions")[0]["Condition"] == {
        "StringLike": {"s3:prefix": ["stock/*"]}
    }


def test_it_reads_the_reports_that_a_trigger_names_and_no_others(template: Template) -> None:
    """Their folder alone, with the key of the bucket that they are of."""
    below = "all${$}/fleet-landing/daily/*"
    (read,) = [
        one
        for one in of_job(template, "fleet", "s3:GetObject")
        if "team-reports" in json.dumps(one["Resource"])
    ]
    assert text(read["Resource"]).endswith(f":s3:::team-reports/{below}")
    (listing,) = [
        one
        for one in of_job(template, "fleet", "s3:ListBucket")
        if "team-reports" in json.dumps(one["Resource"])
    ]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": [below]}}
    (key,) = of_job(template, "fleet", "kms:Decrypt")
    assert (key["Resource"], list(key["Condition"])) == (
        "arn:aws:kms:eu-central-1:111122223333:key/1",
        ["StringLike"],
    )
    for name in ("sales", "stock"):
        assert "team-reports" not in json.dumps(of_job(template, name, "s3:GetObject"))


def test_it_reads_and_writes_the_items_of_its_pipeline_alone(template: Template) -> None:
    """Of runs it writes none; groups are written where the pipeline gathers."""
    written = {
        name: [
            key
            for one in of_job(template, name, "dynamodb:UpdateItem")
            for key in one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        ]
        for name in ("sales", "stock")
    }
    assert written == {
        "sales": ["BACKFILL#sales", "GROUPS#sales#*", "FILE#*"],
        "stock": ["BACKFILL#stock"],
    }
    read = [
        key
        for one in of_job(template, "stock", "dynamodb:GetItem")
        for key in one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    ]
    runs = [f"RUN#{name}-{'?' * 20}" for name in ("stock-backfill", "stock")]
    assert read == [*runs, "PAUSES", "BACKFILL#stock"]
    for one in of_job(template, "sales", "dynamodb:GetItem"):
        assert one["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}


def test_only_a_pipeline_that_is_reconciled_has_a_job_and_only_an_interval_has_a_schedule(
    template: Template,
) -> None:
    """What is not asked for costs no resource."""
    names = [one["JobDefinitionName"] for one in template.properties("AWS::Batch::JobDefinition")]
    backfills = {name for name in names if re.search(r"-backfill-backfill-[0-9a-f]{10}$", name)}
    assert {name.split("-")[1] for name in backfills} == {"sales", "stock", "fleet"}
    schedules = template.properties("AWS::Scheduler::Schedule")
    assert sorted(one["ScheduleExpression"] for one in schedules) == ["rate(12 hours)", "rate(7 days)"]
    asked = json.dumps(template.properties("AWS::Events::Rule"))
    assert asked.count("a request starts") == 3


def test_the_image_is_made_of_sluices_own_folder(template: Template) -> None:
    """A project has none of that name: all backfills have one image, but for those that read reports."""
    images = {
        one["JobDefinitionName"].split("-")[1]: json.dumps(one["ContainerProperties"]["Image"])
        for one in template.properties("AWS::Batch::JobDefinition")
        if one["JobDefinitionName"].split("-")[2:4] == ["backfill", "backfill"]
    }
    assert images["sales"] == images["stock"] != images["fleet"]
    assert "SluicePipelines-" in images["sales"]
