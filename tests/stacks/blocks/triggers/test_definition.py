"""The published pipelines name jobs that exist, and fit into the ledger."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from sluice.errors import PipelineError
from sluice.run.compiled import CompiledPipeline
from stacks.blocks.triggers.definition import MAX_BYTES, check_definition_size
from tests.stacks.assets import published
from tests.stacks.blocks.triggers.rules import message_of, rules_of
from tests.stacks.templates import Template


def test_the_published_definition_names_jobs_that_are_defined(pipelines: Template, assembly: Path) -> None:
    """Each rule that starts a pipeline points at a file of the assembly, and every job definition that it
    names is in the template.
    """
    defined = {one["JobDefinitionName"] for one in pipelines.properties("AWS::Batch::JobDefinition")}
    for rule in rules_of(pipelines):
        message = message_of(rule)
        if message.trigger == "unknown":
            continue
        compiled = CompiledPipeline.from_json(published(assembly, message.definition["key"]).read_text())
        assert compiled.name == message.pipeline
        assert {step.job_definition for step in compiled.steps if not step.of_uploads} <= defined


def test_a_graph_that_the_ledger_could_not_keep_is_refused() -> None:
    """A run keeps its graph in one item: what 1,000 steps take is a small part of it."""
    check_definition_size(
        "big", json.dumps([{"name": f"step-{n}", "after": [f"step-{n - 1}"]} for n in range(1_000)])
    )
    noise = random.Random(1).randbytes(MAX_BYTES).hex()  # noqa: S311 - data, not a secret
    with pytest.raises(
        PipelineError, match="big: expected a graph of at most 245760 bytes, compressed, found"
    ):
        check_definition_size("big", noise)
