"""Job definitions outlive a deploy, and say what is retried."""

from __future__ import annotations

from sluice.runtime.exit_codes import TRY_AGAIN
from tests.stacks.blocks.jobs.definitions import job_definition_of
from tests.stacks.templates import Template


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
    """The last rule says EXIT for everything: without it Batch would repeat what no rule matches."""
    for definition in pipelines.properties("AWS::Batch::JobDefinition"):
        rules = definition["RetryStrategy"]["EvaluateOnExit"]
        assert len(rules) <= 5
        assert {"OnStatusReason": "Host EC2*", "Action": "RETRY"} in rules
        assert {"OnReason": "Cannot*", "Action": "RETRY"} in rules
        own_program = len(definition["ContainerProperties"]["Command"]) > 1
        assert ({"OnExitCode": str(TRY_AGAIN), "Action": "RETRY"} in rules) is not own_program
        assert rules[-1] == {"OnReason": "*", "Action": "EXIT"}
        assert 1 <= definition["RetryStrategy"]["Attempts"] <= 10
