"""Which job definitions a pipeline has."""

from __future__ import annotations

from sluice.pipeline.definition import Pipeline, Plan
from stacks.blocks.large_graphs.shared_definitions import shared_definitions
from tests.stacks.synthesis import deployed
from tests.stacks.templates import Template


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
    return {work.name for work in shared_definitions(working).values()}


def _added(pipeline: Pipeline) -> tuple[str, ...]:
    return ("cleanup", "gate", "start") if pipeline.submit_from == "start-job" else ("cleanup", "gate")
