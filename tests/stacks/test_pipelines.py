"""What must hold for the jobs and the rules of every pipeline, whatever pipelines there are."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from sluice.compute import Compute
from sluice.errors import MalformedMessageError
from sluice.messages import GroupedUpload, Triggered
from sluice.pipeline.definition import Manual, Pipeline, Plan, Schedule
from sluice.pipeline.retry_rules import retry_rules
from sluice.pipeline.validation.triggers.uploads import uploads_of
from sluice.run.compiled import CompiledPipeline
from sluice.runtime.__main__ import TRY_AGAIN
from sluice.triggers.trigger_event import Request, ScheduledTime, parse_trigger
from stacks.blocks.container import Identity, Work
from stacks.blocks.job_definition import job_definition
from stacks.blocks.shared_work import shared_work
from tests.stacks.conftest import deployed
from tests.stacks.templates import Template, many, text


def named(**changes: Any) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the name of a job definition and the resources that make it."""
    app = App()
    stack = Stack(app, "Stack")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    identity = Identity.of(job_role=role, execution_role=role, log_group=logs.LogGroup(stack, "Logs"))
    values: dict[str, Any] = {
        "image": "busybox",
        "command": ["true"],
        "vcpus": 1,
        "memory": 4,
        "attempts": 3,
        "timeout": 60,
    }
    values |= {"environment": {}, "rules": retry_rules([], function=False, compute=Compute.SPOT)}
    name = job_definition(
        stack, "step", pipeline="name", work=Work(**{**values, **changes}), identity=identity
    )
    return name, app.synth().get_stack_by_name("Stack").template["Resources"]


def rules_of(pipelines: Template, source: str = "") -> list[dict[str, Any]]:
    """Return the rules that hear events, or those that hear a source's."""
    rules = [rule for rule in pipelines.properties("AWS::Events::Rule") if "EventPattern" in rule]
    return [rule for rule in rules if source in ("", *rule["EventPattern"]["source"])]


def told(rule: dict[str, Any], detail: str = "{}") -> Triggered:
    """Return the message that a rule writes of an event."""
    body = text(rule["Targets"][0]["InputTransformer"]["InputTemplate"]).replace("<detail>", detail)
    return (GroupedUpload if "within" in json.loads(body) else Triggered).from_json(body)


def test_every_different_work_has_a_job_definition(pipelines: Template) -> None:
    """One a step that has jobs, one for steps that do the same, and one each for what Sluice adds, by names
    that say whose they are.
    """
    names = [
        one["JobDefinitionName"].rsplit("-", 1)[0]
        for one in pipelines.properties("AWS::Batch::JobDefinition")
    ]
    written = [f"sluice-{one.name}-{name}" for one in deployed() for name in _works(one)]
    added = [f"sluice-{one.name}-{kind}" for one in deployed() for kind in _added(one)]
    assert sorted(names) == sorted(written + added)
    assert "sluice-hello-fan-shared" in names


def _works(pipeline: Pipeline) -> set[str]:
    working = [step for step in pipeline.steps if not (isinstance(step, Plan) and step.of_uploads)]
    return {work.name for work in shared_work(working).values()}


def _added(pipeline: Pipeline) -> tuple[str, ...]:
    return ("cleanup", "gate", "start") if pipeline.submit_from == "start-job" else ("cleanup", "gate")


def test_job_definitions_outlive_a_deploy(pipelines: Template) -> None:
    """A run that began before a deploy still finds the definitions that it started with."""
    for definition in pipelines.of_type("AWS::Batch::JobDefinition").values():
        assert (definition["DeletionPolicy"], definition["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert definition["Properties"]["ResourceRetentionPolicy"] == {"SkipDeregisterOnUpdate": True}


def test_a_changed_job_is_another_definition() -> None:
    """Name and logical id carry the hash of the content: a change adds a definition, and the same content is
    the same one.
    """
    first, same, other = named(), named(), named(memory=8)
    assert first[0] == same[0]
    assert first[0] != other[0]
    ids = [
        {name for name, one in made[1].items() if one["Type"] == "AWS::Batch::JobDefinition"}
        for made in (first, same, other)
    ]
    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]


def test_a_lost_machine_is_tried_again_and_a_failing_program_is_not(pipelines: Template) -> None:
    """The last rule says EXIT for everything: without it Batch would repeat what no rule matches."""
    for definition in pipelines.properties("AWS::Batch::JobDefinition"):
        rules = definition["RetryStrategy"]["EvaluateOnExit"]
        assert len(rules) <= 5
        assert {"OnStatusReason": "Host EC2*", "Action": "RETRY"} in rules
        assert {"OnReason": "CannotPullContainer*", "Action": "RETRY"} in rules
        own_program = len(definition["ContainerProperties"]["Command"]) > 1
        assert ({"OnExitCode": str(TRY_AGAIN), "Action": "RETRY"} in rules) is not own_program
        assert rules[-1] == {"OnReason": "*", "Action": "EXIT"}
        assert 1 <= definition["RetryStrategy"]["Attempts"] <= 10


def test_no_job_runs_for_ever(pipelines: Template) -> None:
    """Each attempt has a time-out of at least the minute that Batch asks for."""
    assert all(
        one["Timeout"]["AttemptDurationSeconds"] >= 60
        for one in pipelines.properties("AWS::Batch::JobDefinition")
    )


def test_machines_have_whole_cpus() -> None:
    """A part of a vCPU, which only Fargate has, becomes a whole one."""
    (definition,) = [
        one for one in named(vcpus=0.25)[1].values() if one["Type"] == "AWS::Batch::JobDefinition"
    ]
    container = definition["Properties"]["ContainerProperties"]
    assert {"Type": "VCPU", "Value": "1"} in container["ResourceRequirements"]


def test_jobs_of_a_pipeline_share_roles_with_no_other(pipelines: Template) -> None:
    """Each pipeline has its own role for its programs, for its cleanup and for starting containers, and its
    own log group.

    A start job has two more: it may submit, and its image is another.
    """
    seen: dict[str, set[str]] = {}
    for definition in pipelines.properties("AWS::Batch::JobDefinition"):
        container = definition["ContainerProperties"]
        owner = next(
            one.name
            for one in deployed()
            if definition["JobDefinitionName"].startswith(f"sluice-{one.name}-")
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


def test_logs_of_jobs_have_the_names_that_alerts_may_read(pipelines: Template, control: Template) -> None:
    """What the alert Lambda's role allows covers each log group of the jobs."""
    (readable,) = [
        text(one["Resource"]) for _, one in control.statements() if "logs:GetLogEvents" in many(one["Action"])
    ]
    pattern = readable.rsplit("log-group:", 1)[1]
    named = [
        one["ContainerProperties"]["LogConfiguration"]
        for one in pipelines.properties("AWS::Batch::JobDefinition")
    ]
    groups = {text(one["Options"]["awslogs-group"])[1:-1] for one in named}
    names = [
        one["Properties"]["LogGroupName"]
        for name, one in pipelines.of_type("AWS::Logs::LogGroup").items()
        if name in groups
    ]
    assert names
    assert [name for name in names if not fnmatchcase(name, pattern)] == []


def test_an_upload_reaches_its_queue_as_the_message_that_is_read_there(pipelines: Template) -> None:
    """What the rule writes names its pipeline and where its compiled form is; an upload that is gathered goes
    to the group queue.
    """
    rules = rules_of(pipelines, "aws.s3")
    assert len(rules) == sum(len(uploads_of(one)) for one in deployed())
    for rule in rules:
        (target,) = rule["Targets"]
        message = told(rule, '{"object": {"key": "k"}}')
        stage = "GroupingGroup" if isinstance(message, GroupedUpload) else "Trigger"
        assert f"{stage}Queue" in text(target["Arn"])
        assert f"{stage}DeadLetters" in text(target["DeadLetterConfig"]["Arn"])
        assert target["InputTransformer"]["InputPathsMap"] == {"detail": "$.detail"}
        assert message.detail == {"object": {"key": "k"}}
        assert message.definition["bucket"] == "cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>"
    gathered = [told(rule) for rule in rules if isinstance(told(rule), GroupedUpload)]
    assert [
        (one.pipeline, one.trigger, one.within, one.of) for one in gathered if isinstance(one, GroupedUpload)
    ] == [("small-files", "s3-group:small-files/*.txt", 10, 10_000)]


def requests(pipelines: Template) -> dict[str, Triggered]:
    """Return what each rule for requests writes, by the pipeline that it starts."""
    rules = rules_of(pipelines, "sluice")
    templates = [text(rule["Targets"][0]["InputTransformer"]["InputTemplate"]) for rule in rules]
    messages = [
        Triggered.from_json(one.replace("<detail>", '{"pipeline": "p", "token": "t", "input": 5}'))
        for one in templates
    ]
    return {message.pipeline: message for message in messages}


def test_a_request_reaches_the_trigger_queue_as_the_message_that_is_read_there(pipelines: Template) -> None:
    """Each pipeline with a Manual trigger has a rule, and what nobody may ask for has one, whose message is
    refused by name.
    """
    found = requests(pipelines)
    manual = {one.name for one in deployed() if any(isinstance(trigger, Manual) for trigger in one.triggers)}
    assert manual
    assert found.keys() == manual | {"unknown"}
    with pytest.raises(MalformedMessageError, match="a pipeline with a Manual trigger, found 'p'"):
        parse_trigger(found.pop("unknown"))
    assert all(parse_trigger(message) == Request(token="t", input=5) for message in found.values())


def test_every_request_is_heard_by_one_rule(pipelines: Template) -> None:
    """A request for a pipeline that is not there is not swallowed."""
    patterns = [rule["EventPattern"] for rule in rules_of(pipelines, "sluice")]
    assert {one for pattern in patterns for one in pattern["detail-type"]} == {"Run Requested"}
    heard = [one for pattern in patterns for one in pattern["detail"]["pipeline"]]
    names = sorted(one for one in heard if isinstance(one, str))
    assert [one for one in heard if not isinstance(one, str)] == [{"anything-but": names}, {"exists": False}]


def test_a_schedule_reaches_the_trigger_queue_as_the_message_that_is_read_there(pipelines: Template) -> None:
    """With the time that was meant, under a role that may do nothing but fill the queue and its dead-letter
    queue.
    """
    schedules = pipelines.properties("AWS::Scheduler::Schedule")
    assert schedules
    for schedule in schedules:
        target = schedule["Target"]
        message = Triggered.from_json(
            text(target["Input"]).replace("<aws.scheduler.scheduled-time>", "2030-01-31T09:00:00Z")
        )
        moment = parse_trigger(message)
        assert isinstance(moment, ScheduledTime)
        assert (moment.time, moment.expression) == ("2030-01-31T09:00:00Z", schedule["ScheduleExpression"])
        assert "TriggerQueue" in text(target["Arn"])
        assert "TriggerDeadLetters" in text(target["DeadLetterConfig"]["Arn"])
    zones = {
        one.timezone for pipeline in deployed() for one in pipeline.triggers if isinstance(one, Schedule)
    }
    assert {schedule["ScheduleExpressionTimezone"] for schedule in schedules} == zones
    allowed = [one for role, one in pipelines.statements() if "ScheduleRole" in role]
    assert {action for one in allowed for action in many(one["Action"])} == {"sqs:SendMessage"}


def test_the_published_definition_names_jobs_that_are_defined(pipelines: Template, assembly: Path) -> None:
    """Each rule that starts a pipeline points at a file of the assembly, and every job definition that it
    names is in the template.
    """
    defined = {one["JobDefinitionName"] for one in pipelines.properties("AWS::Batch::JobDefinition")}
    for rule in rules_of(pipelines):
        message = told(rule)
        if message.trigger == "unknown":
            continue
        compiled = CompiledPipeline.from_json((assembly / f"asset.{message.definition['key']}").read_text())
        assert compiled.name == message.pipeline
        assert {step.job_definition for step in compiled.steps if not step.of_uploads} <= defined


def test_only_the_inbox_starts_pipelines(pipelines: Template) -> None:
    """A rule for uploads hears new objects of the inbox under the trigger's prefix, and nothing else."""
    patterns = [rule["EventPattern"] for rule in rules_of(pipelines)]
    for pattern in (one for one in patterns if one["source"] != ["sluice"]):
        assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
        assert all("Inbox" in text(name) for name in pattern["detail"]["bucket"]["name"])
        (key,) = pattern["detail"]["object"]["key"]
        assert key.keys() <= {"wildcard", "prefix"}


def test_an_image_holds_its_own_code_and_no_other_pipelines(assembly: Path) -> None:
    """The build context of an image has the vocabulary, the code around a step, and one folder besides."""
    images = json.loads((assembly / "SluicePipelines.assets.json").read_text())["dockerImages"].values()
    assert images
    for image in images:
        source = image["source"]
        context = assembly / source["directory"]
        folder = Path(source["dockerFile"]).parent.name
        assert {path.name for path in context.iterdir()} == {"sluice", "containers"}
        assert {path.name for path in (context / "containers").iterdir()} - {"__init__.py"} == {
            "step",
            folder,
        }
        assert not list(context.rglob("__pycache__"))


def test_images_are_built_for_the_machines_that_run_them(assembly: Path) -> None:
    """The platform is that of the instance types, whatever machine builds the image."""
    images = json.loads((assembly / "SluicePipelines.assets.json").read_text())["dockerImages"].values()
    assert {image["source"]["platform"] for image in images} == {"linux/amd64"}
