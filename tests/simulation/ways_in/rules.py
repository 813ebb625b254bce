"""The rules of each trigger, as a deploy makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from sluice.alerts.results_complete import RESULTS_COMPLETE
from sluice.pipeline.compiling import CLEANUP
from sluice.pipeline.definition import AfterRun, FileSet, Manual, S3Upload
from sluice.pipeline.file_sets import rules_of
from sluice.pipeline.trigger_names import MANUAL, after_name, set_name, upload_name
from sluice.pipeline.validation.chains import key_names
from sluice.pipeline.validation.triggers.grouping import grouping_of
from sluice.triggers.request_event import SOURCE
from tests.matrix.deployment import Deployment, Rule
from tests.simulation.scripts import Script

Scripts = Mapping[str, Script]


def definition_of(made: Deployment, script: Script) -> dict[str, str]:
    """Return where the compiled form of a pipeline is."""
    return {"bucket": made.assets, "key": f"{script.name}.json"}


def message_of(made: Deployment, script: Script, trigger: str, detail: str = "<detail>", **more: Any) -> str:
    """Return the template of what starts a run of a pipeline."""
    definition = definition_of(made, script)
    parts = {"pipeline": script.name, "trigger": trigger, "definition": definition, "version": 1, **more}
    return json.dumps(parts)[:-1] + f', "detail": {detail}}}'


def rules_for(made: Deployment, script: Script, scripts: Scripts) -> Iterator[Rule]:
    """Yield the rules of a pipeline among all of them; schedules have none."""
    (trigger,) = script.pipeline.triggers
    if isinstance(trigger, Manual):
        yield _asked(made, script)
    if isinstance(trigger, FileSet):
        created = {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": f"{script.name}/"}]}}}
        rules = rules_of(trigger).to_dict()
        template = message_of(made, script, set_name(trigger), time="<time>", rules=rules)
        yield Rule(pattern=created, schedule="", queue=queue_of(made, "group"), template=template)
    if isinstance(trigger, AfterRun):
        yield _after(made, script, trigger, scripts)
    if isinstance(trigger, S3Upload):
        created = {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": trigger.prefix}]}}}
        more = asdict(grouping_of(trigger)) if trigger.gathers else {}
        queue = queue_of(made, "group" if trigger.gathers else "trigger")
        template = message_of(made, script, upload_name(trigger), **more)
        yield Rule(pattern=created, schedule="", queue=queue, template=template)


def _asked(made: Deployment, script: Script) -> Rule:
    requested = {
        "source": ["sluice"],
        "detail-type": ["Run Requested"],
        "detail": {"pipeline": [script.name]},
    }
    template = message_of(made, script, MANUAL)
    return Rule(pattern=requested, schedule="", queue=queue_of(made, "trigger"), template=template)


def _after(made: Deployment, script: Script, trigger: AfterRun, scripts: Scripts) -> Rule:
    ended = {
        "source": ["aws.batch", SOURCE],
        "detail-type": ["Batch Job State Change", RESULTS_COMPLETE],
        "detail": {
            "status": ["SUCCEEDED"],
            "jobName": [{"wildcard": f"{name}-*_{CLEANUP}_*"} for name in trigger.pipelines],
        },
    }
    after = {"joins": trigger.joins, "pipelines": list(trigger.pipelines), "by": joined_by(trigger, scripts)}
    detail = f'{{"after": {json.dumps(after)}, "event": <detail>}}'
    template = message_of(made, script, after_name(trigger), detail)
    return Rule(pattern=ended, schedule="", queue=queue_of(made, "trigger"), template=template)


def joined_by(trigger: AfterRun, scripts: Scripts) -> list[str]:
    """Return the names by which runs of a chain belong together, as the deploy finds them."""
    upstream = [scripts[name].pipeline for name in trigger.pipelines]
    return list(key_names(trigger, upstream) if trigger.joins else trigger.by or ())


def queue_of(made: Deployment, stage: str) -> str:
    """Return the queue that a function reads."""
    return made.functions[stage].queue
