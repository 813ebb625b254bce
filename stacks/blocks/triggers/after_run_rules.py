"""The rules that start a pipeline when runs of others have succeeded: by AWS Batch's event about the end of
their cleanups, which write the receipts.

Source: https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import aws_events as events
from constructs import Construct

from sluice.alerts.results_complete import RESULTS_COMPLETE
from sluice.pipeline.compiling import CLEANUP
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.trigger_names import after_name
from sluice.pipeline.validation.chains import after_runs, key_names
from sluice.triggers.request_event import SOURCE
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.consumers.rule_target import MAX_DESCRIPTION, rule_target, with_detail
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.triggers.trigger_message import triggered


def start_after_runs(
    scope: Construct,
    *,
    pipeline: Pipeline,
    pipelines: Mapping[str, Pipeline],
    definition: Definition,
    target: QueueConsumer,
    queues: str,
) -> None:
    """Add a rule for each AfterRun trigger; ``pipelines`` are all by their names, and ``queues`` is
    what the ARNs of Sluice's job queues begin with.
    """
    for number, after in enumerate(after_runs(pipeline)):
        upstream = [pipelines[name] for name in after.pipelines if name in pipelines]
        names = key_names(after, upstream) if after.joins else (after.by or ())
        what = json.dumps({"joins": after.joins, "pipelines": list(after.pipelines), "by": list(names)})
        message = triggered(
            pipeline.name, after_name(after), definition, f'{{"after":{what},"event":<detail>}}'
        )
        description = f"Sluice: {pipeline.name} starts after {', '.join(after.pipelines)}"
        events.CfnRule(
            scope,
            f"After{number}",
            description=description[:MAX_DESCRIPTION],
            event_pattern={
                # Where AWS Batch's event has been lost, the sweep sends one of Sluice's own.
                "source": ["aws.batch", SOURCE],
                "detail-type": ["Batch Job State Change", RESULTS_COMPLETE],
                "detail": {
                    "status": ["SUCCEEDED"],
                    "jobQueue": [{"prefix": queues}],
                    # Runs of a pipeline whose name begins like this one match, too: the Lambda knows.
                    "jobName": [{"wildcard": f"{name}-*_{CLEANUP}_*"} for name in after.pipelines],
                },
            },
            targets=[rule_target(target, input_transformer=with_detail(message))],
        )
