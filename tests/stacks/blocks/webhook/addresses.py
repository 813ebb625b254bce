"""What the tests of webhooks compose, and look for in templates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

import app as entry
from cli.project import EXAMPLES
from sluice.pipeline.definition import Pipeline, Webhook
from sluice.pipeline.loading import load_pipelines
from tests.stacks.synthesis import ENVIRONMENT, context
from tests.stacks.templates import Template, many


def with_webhook(pipeline: Pipeline, webhook: Webhook) -> Pipeline:
    """Return the pipeline with one more trigger."""
    return replace(pipeline, triggers=[*pipeline.triggers, webhook])


def composed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, webhook: Webhook | None, **environment: str
) -> Template:
    """Return the template of monte-carlo alone with another webhook."""
    (found,) = [one for one in load_pipelines(EXAMPLES) if one.name == "monte-carlo"]
    changed = with_webhook(found, webhook) if webhook else found
    monkeypatch.setattr(entry, "load_pipelines", lambda *_: (changed,))
    app = App(outdir=str(tmp_path), context=context())
    entry.compose(app, root=EXAMPLES, environment={**ENVIRONMENT, **environment})
    app.synth()
    return Template.read(tmp_path / "SluicePipelines.template.json")


def function(pipelines: Template, stage: str) -> dict[str, Any]:
    """Return the properties of the one function of a stage."""
    (found,) = [
        one
        for one in pipelines.properties("AWS::Lambda::Function")
        if one["Handler"] == f"lambdas.{stage}.handler.handler"
    ]
    return dict(found)


def allowed(pipelines: Template, role: str) -> set[str]:
    """Return the actions that the roles of this name may take."""
    return {action for name, one in pipelines.statements() if role in name for action in many(one["Action"])}
