"""Projects that differ by one feature each: what a user adds to, or takes out of, a deployed app."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App

import app as entry
from tests.stacks.projects import project
from tests.stacks.synthesis import context
from tests.stacks.templates import STACKS, Template

PIPELINE = 'pipeline = Pipeline(name="one", triggers=[{triggers}], steps=[{steps}]{more})'
ONE = 'Job("work", run="work")'
NODES = 'MultiNode("train", nodes=2, image="busybox:1", command=["true"])'
PLANNED = 'Plan("list", run="work"), Array("each", run="work", items_of="list")'
IMPORTS = "from sluice.pipeline.definition import Limit, MultiNode, Schedule, Webhook\n"


def _one(triggers: str = "Manual()", steps: str = ONE, more: str = "") -> str:
    return IMPORTS + PIPELINE.format(triggers=triggers, steps=steps, more=more)


# Each feature: the pipeline that has it, None for no pipeline at all, and the settings of the deploy.
FEATURES: dict[str, tuple[str | None, dict[str, str]]] = {
    "no pipeline": (None, {}),
    "manual": (_one(), {}),
    "two pipelines": (_one(), {}),
    "upload": (_one('S3Upload(prefix="one/")'), {}),
    "grouping": (_one('S3Upload(prefix="one/", group_within="1m")'), {}),
    "schedule": (_one('Schedule("rate(1 hour)")'), {}),
    "webhook": (_one("Webhook()"), {}),
    "webhook with a schema and rotation": (
        _one('Webhook(schema={"type": "object"}, rotate_days=7)'),
        {},
    ),
    "webhooks off": (_one("Webhook()"), {"SLUICE_WEBHOOKS": "false"}),
    "start job": (_one(more=', submit_from="start-job"'), {}),
    "limit and start job": (
        _one(
            steps='Job("work", run="work", uses={"api": 1})',
            more=', limits=[Limit("api", max_concurrency=2)], submit_from="start-job"',
        ),
        {},
    ),
    "plan": (_one(steps=PLANNED), {}),
    "limit": (
        _one(
            steps='Job("work", run="work", uses={"api": 1})',
            more=', limits=[Limit("api", max_concurrency=2)]',
        ),
        {},
    ),
    **{
        compute: (_one(steps=f'Job("work", run="work", compute="{compute}", {size})'), {})
        for compute, size in {
            "spot": "",
            "on_demand": "",
            "fargate": "vcpus=0.25, memory=512",
            "fargate_spot": "vcpus=0.25, memory=512",
            "gpu": "gpus=1, vcpus=4, memory=8192",
            "arm": "",
            "unmanaged": "",
        }.items()
    },
    "NAT": (_one(), {"SLUICE_NAT": "true"}),
    "nodes": (_one(steps=NODES), {"SLUICE_NAT": "true", "SLUICE_INSTANCE_TYPES": "c7i.large"}),
    "no dashboard": (_one(), {"SLUICE_DASHBOARD": "false"}),
}


def feature_project(root: Path, feature: str) -> Path:
    """Make the project that has a feature in a new directory, and return it."""
    text, _ = FEATURES[feature]
    pipelines = {} if text is None else {"one": text}
    if feature == "two pipelines":
        pipelines["two"] = _one().replace('"one"', '"two"')
    for folder in ("pipelines", "containers"):
        (root / folder).mkdir(parents=True)
    return project(root, pipelines)


def templates_of(root: Path, outdir: Path, feature: str) -> dict[str, Template]:
    """Return the templates of the project that has a feature."""
    app = App(outdir=str(outdir), context=context())
    entry.compose(app, root=feature_project(root, feature), environment=FEATURES[feature][1])
    app.synth()
    return {name: Template.read(outdir / f"Sluice{name}.template.json") for name in STACKS}
