"""Job definitions outlive a deploy, and say what is retried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scheduler.reasons import EXITED
from scheduler.retry import Outcome, is_retried
from scheduler.spec import Retry
from sluice.limits import MAX_JOB_DEFINITION_BYTES
from sluice.pipeline.loading import load_pipelines
from sluice.pipeline.validation.steps.definition_size import definition_bytes
from sluice.runtime.exit_codes import TRY_AGAIN
from tests.stacks.blocks.jobs.definitions import job_definition_of, rule_of
from tests.stacks.templates import Template
from tests.stacks.test_everything_named import filled, flat


def test_job_definitions_outlive_a_deploy(pipelines: Template) -> None:
    """A run that began before a deploy still finds the definitions that it started with."""
    for definition in pipelines.of_type("AWS::Batch::JobDefinition").values():
        assert (definition["DeletionPolicy"], definition["UpdateReplacePolicy"]) == (
            "RetainExceptOnCreate",
            "Retain",
        )
        assert definition["Properties"]["ResourceRetentionPolicy"] == {"SkipDeregisterOnUpdate": True}


def test_a_changed_job_is_another_definition() -> None:
    """Name and logical id carry the hash of the content: a change adds a definition, and the same content is
    the same one.
    """
    first, same, other = job_definition_of(), job_definition_of(), job_definition_of(memory=8)
    assert first[0] == same[0]
    assert first[0] != other[0]
    ids = [
        {name for name, one in made[1].items() if one["Type"] == "AWS::Batch::JobDefinition"}
        for made in (first, same, other)
    ]
    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]


def test_a_lost_machine_is_tried_again_and_a_failing_program_is_not(pipelines: Template) -> None:
    """Batch repeats what no rule matches, so that a program's own end has to match one."""
    for definition in pipelines.properties("AWS::Batch::JobDefinition"):
        rules = definition["RetryStrategy"]["EvaluateOnExit"]
        assert len(rules) <= 5
        retry = Retry(2, tuple(rule_of(one) for one in rules))
        assert is_retried(retry, 1, Outcome(None, None, "Host EC2 (instance i-0) terminated."))
        assert is_retried(retry, 1, Outcome(None, "CannotInspectContainerError: x", EXITED))
        assert is_retried(retry, 1, Outcome(None, "DockerTimeoutError: x", EXITED))
        assert not is_retried(retry, 1, Outcome(1, None, EXITED))
        assert not is_retried(retry, 1, Outcome(137, "OutOfMemoryError: x", EXITED))
        own_program = len(definition["ContainerProperties"]["Command"]) > 1
        assert is_retried(retry, 1, Outcome(int(TRY_AGAIN), None, EXITED)) is not own_program
        assert 1 <= definition["RetryStrategy"]["Attempts"] <= 10


def test_the_estimate_is_above_what_is_deployed(
    everything: dict[str, Template], everything_root: Path
) -> None:
    """By what the names of roles, buckets and images may be longer in an account than in a template, and by
    little else.
    """
    (pipeline,) = load_pipelines(everything_root)
    sizes = {f"sluice-everything-{step.name}-": definition_bytes(step) for step in pipeline.steps}
    checked = 0
    for properties in everything["Pipelines"].properties("AWS::Batch::JobDefinition"):
        definition: Any = flat(properties, lambda value: filled(value, {}))
        estimate = sizes.get(definition["JobDefinitionName"][:-10])
        if estimate is None:
            continue
        actual = len(json.dumps(definition, separators=(",", ":")).encode())
        assert actual + 500 < estimate < actual + 2_500
        checked += 1
    assert checked == len(pipeline.steps)
    assert max(sizes.values()) < MAX_JOB_DEFINITION_BYTES
