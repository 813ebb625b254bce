"""A job definition's name never is that of a definition which exists outside of the stack."""

from __future__ import annotations

from stacks.blocks.jobs.definition_names import DefinitionNames, beginning_of
from tests.stacks.blocks.jobs.definitions import job_definition_of


def test_the_same_content_has_the_same_name_until_it_is_retained() -> None:
    """Back to what an earlier deploy had, or after a deletion, there is another name; and with both, a
    third one.
    """
    first = DefinitionNames().name("p", "s", "content")
    assert first == DefinitionNames(frozenset({"sluice-other-s-0123456789"})).name("p", "s", "content")
    second = DefinitionNames(frozenset({first})).name("p", "s", "content")
    assert second == DefinitionNames(frozenset({first})).name("p", "s", "content") != first
    assert DefinitionNames(frozenset({first, second})).name("p", "s", "content") not in {first, second}


def test_a_definition_is_created_under_its_new_name() -> None:
    """Its logical id differs too, so that it is another resource."""
    first, before = job_definition_of()
    second, after = job_definition_of(DefinitionNames(frozenset({first})))
    definitions = [
        {name for name, one in resources.items() if one["Type"] == "AWS::Batch::JobDefinition"}
        for resources in (before, after)
    ]
    assert first != second
    assert definitions[0].isdisjoint(definitions[1])


def test_a_definition_stays_when_it_is_removed_and_goes_when_its_deploy_fails() -> None:
    """RetainExceptOnCreate: plain Retain would keep the names of what a failed deploy made."""
    _, resources = job_definition_of()
    (found,) = [one for one in resources.values() if one["Type"] == "AWS::Batch::JobDefinition"]
    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_no_sluice_names_a_definition_as_another_may_submit() -> None:
    """A policy says what the names begin with: the beginnings of all Sluices in an account exclude each
    other, also where one prefix is the beginning of another, or of the default.
    """
    prefixes = ["Sluice", "sluice", "Sluice-two", "Sluic", "S", "s", "A", "A-b", "Ab"]
    names = {one: DefinitionNames(beginning=beginning_of(one)).name("p", "s", "content") for one in prefixes}
    for submitter in prefixes:
        for owner, name in names.items():
            assert name.startswith(beginning_of(submitter)) == (submitter == owner)


def test_the_names_of_the_longest_parts_are_names_for_aws_batch() -> None:
    """At most 128 characters: https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html"""
    names = DefinitionNames(beginning=beginning_of("P" * 15))
    assert len(names.name("p" * 40, "gate-10-100-" + "s" * 40, "content")) <= 128
