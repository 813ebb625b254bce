"""The app with a webhook in one of its pipelines."""

from __future__ import annotations

from pathlib import Path

import pytest

import app as entry
from cli.project import EXAMPLES
from sluice.pipeline.definition import Webhook
from sluice.pipeline.loading import load_pipelines
from tests.stacks.blocks.webhook.addresses import with_webhook
from tests.stacks.synthesis import synthesised
from tests.stacks.templates import Template

SCHEMA = {"type": "object", "properties": {"throws": {"type": "integer"}}, "required": ["throws"]}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the app with a webhook in one of its pipelines."""
    found = [
        with_webhook(one, Webhook(schema=SCHEMA, rotate_days=90)) if one.name == "monte-carlo" else one
        for one in load_pipelines(EXAMPLES)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry, "load_pipelines", lambda *_: tuple(found))
        return synthesised(tmp_path_factory.mktemp("webhooks"))


@pytest.fixture(scope="module")
def pipelines(assembly: Path) -> Template:
    """The template of the pipelines stack with the webhook."""
    return Template.read(assembly / "SluicePipelines.template.json")
