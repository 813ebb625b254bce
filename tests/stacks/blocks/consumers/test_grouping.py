"""What must hold for the group queue and its Lambda, which exist while some pipeline gathers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from aws_cdk import App

import app as entry
from cli.project import EXAMPLES
from sluice.pipeline.definition import FileSet, Pipeline, S3Upload
from sluice.pipeline.loading import load_pipelines
from sluice.settings import GroupSettings
from stacks.blocks.consumers.queue_consumer import TIMEOUT
from tests.stacks.assets import asset_of, variables_of
from tests.stacks.synthesis import ENVIRONMENT, context
from tests.stacks.templates import Template, many, one_of, text


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The templates of the same app when no pipeline gathers."""

    def plain(pipeline: Pipeline) -> Pipeline:
        triggers = [
            replace(one, group_within=None, group_of=None) if isinstance(one, S3Upload) else one
            for one in pipeline.triggers
        ]
        if any(isinstance(one, FileSet) for one in triggers):
            return replace(pipeline, triggers=[S3Upload(prefix=f"{pipeline.name}/")], per="pipeline")
        return replace(pipeline, triggers=triggers)

    directory = tmp_path_factory.mktemp("plain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry, "load_pipelines", lambda *given: tuple(map(plain, load_pipelines(*given))))
        app = App(outdir=str(directory), context=context())
        entry.compose(app, root=EXAMPLES, environment=ENVIRONMENT)
        app.synth()
    return {
        stack: Template.read(directory / f"Sluice{stack}.template.json")
        for stack in ("Control", "Pipelines", "Storage")
    }


def test_without_a_pipeline_that_gathers_there_is_no_consumer(without: dict[str, Template]) -> None:
    """Without a pipeline that gathers there is no queue, no Lambda, no alarm and no sweep beside those of the
    control stack.
    """
    kinds = (
        "AWS::SQS::Queue",
        "AWS::Lambda::Function",
        "AWS::CloudWatch::Alarm",
        "AWS::Lambda::EventSourceMapping",
    )
    assert not [
        name for kind in kinds for name in without["Pipelines"].of_type(kind) if name.startswith("Grouping")
    ]
    assert all("EventPattern" in rule for rule in without["Pipelines"].properties("AWS::Events::Rule"))


def test_the_first_and_the_last_pipeline_that_gathers_change_no_other_stack(
    without: dict[str, Template], templates: dict[str, Template]
) -> None:
    """An export that went while the pipelines stack still uses it would fail the deploy."""
    for stack in ("Control", "Storage"):
        assert without[stack].document == templates[stack].document


def test_it_reads_a_burst_in_large_batches(pipelines: Template) -> None:
    """Ten thousand messages, or 6 MB of them, in a window of a few seconds; what fails comes again by
    itself.
    """
    queue = one_of(pipelines, "AWS::SQS::Queue", "GroupingGroupQueue")
    assert (queue["RedrivePolicy"]["maxReceiveCount"], queue["VisibilityTimeout"]) == (
        5,
        6 * TIMEOUT.to_seconds(),
    )
    mapping = one_of(pipelines, "AWS::Lambda::EventSourceMapping", "GroupingGroupFunction")
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (10_000, 5)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    alarm = one_of(pipelines, "AWS::CloudWatch::Alarm", "GroupingGroupAlarm")
    assert "GroupingGroupDeadLetters" in text(alarm["Dimensions"][0]["Value"])
    assert "Alerts" in text(alarm["AlarmActions"][0])


def test_it_may_do_with_groups_what_it_does_and_nothing_with_runs(pipelines: Template) -> None:
    """It writes groups and notes, lists of files, and messages to its own queues and the trigger's; it looks
    which files of sets are there.
    """
    found = pipelines.statements_of("GroupingGroupRole")
    of_ledger = [one for one in found if "dynamodb:" in str(one["Action"])]
    write, find = sorted(of_ledger, key=lambda one: -len(many(one["Action"])))
    own_keys = write["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert own_keys == ["GROUPS#*", "FILE#*", "SET#*", "SETS#*"]
    assert "dynamodb:LeadingKeys" in json.dumps(find["Condition"])
    actions = {action for one in found for action in many(one["Action"])}
    assert {one for one in actions if not one.startswith(("logs:", "sqs:Get", "sqs:Receive"))} == {
        "dynamodb:Query",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "s3:ListBucket",
        "s3:PutObject",
        "s3:AbortMultipartUpload",
        "sqs:SendMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
    }


def test_it_gets_all_settings_that_it_reads_and_has_its_own_code(pipelines: Template, assembly: Path) -> None:
    """Its settings are in the template, its folder is in the asset."""
    found = variables_of(pipelines, "group")
    assert set(GroupSettings.from_env(found).to_env()) == {
        name for name in found if name.startswith("SLUICE_")
    }
    asset = asset_of(pipelines, assembly, "group")
    assert [path.name for path in (asset / "lambdas").iterdir() if path.is_dir()] == ["group"]


def test_it_sweeps_every_five_minutes(pipelines: Template) -> None:
    """The message is the one that it reads."""
    (rule,) = [rule for rule in pipelines.properties("AWS::Events::Rule") if "ScheduleExpression" in rule]
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert [json.loads(one["Input"]) for one in rule["Targets"]] == [{"sweep": True, "version": 1}]
    assert all("GroupingGroupQueue" in text(one["Arn"]) for one in rule["Targets"])
