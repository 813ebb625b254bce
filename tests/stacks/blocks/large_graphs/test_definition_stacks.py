"""Many different definitions are in nested stacks."""

from __future__ import annotations

from stacks.blocks.large_graphs.definition_stacks import MAX_IN_NESTED_STACK, MAX_IN_STACK
from tests.stacks.blocks.large_graphs.graphs import Synthesise, definitions, starts


def test_many_different_definitions_stand_in_nested_stacks(synthesise: Synthesise) -> None:
    """As many as are needed, each under CloudFormation's limits, and what starts the pipeline waits for
    them.
    """
    count = MAX_IN_NESTED_STACK + MAX_IN_STACK
    templates = synthesise(
        f"[Job(f's{{n}}', image='busybox', command=['echo', str(n)]) for n in range({count})]"
    )
    main = templates.pop("SluicePipelines.template.json")
    assert sorted(definitions(templates).values()) == [MAX_IN_STACK, MAX_IN_NESTED_STACK]
    assert len(main.of_type("AWS::Batch::JobDefinition")) == 2
    assert all(template.path.stat().st_size < 1_000_000 for template in templates.values())
    (rule,) = [one for one in main.of_type("AWS::Events::Rule").values() if starts(one, "big")]
    assert set(rule["DependsOn"]) == set(main.of_type("AWS::CloudFormation::Stack"))
