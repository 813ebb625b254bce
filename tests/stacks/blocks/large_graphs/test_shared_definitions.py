"""Steps that run the same share a job definition."""

from __future__ import annotations

from pathlib import Path

from sluice.messages import Triggered
from sluice.pipeline.definition import Array, Job, Step
from sluice.run.compiled import CompiledPipeline
from stacks.blocks.large_graphs.shared_definitions import shared_definitions
from tests.stacks.assets import published
from tests.stacks.blocks.large_graphs.graphs import Synthesise, definitions, starts
from tests.stacks.templates import text


def test_a_thousand_steps_that_run_the_same_share_one_definition(
    synthesise: Synthesise, tmp_path: Path
) -> None:
    """Beside the cleanup's and the gates'; every step of the published graph names it."""
    templates = synthesise(
        "[Job(f's{n}', image='busybox', command=['true'], after=[f's{n-1}'] if n % 10 else []) for n in"
        " range(1000)]"
    )
    assert definitions(templates) == {"SluicePipelines.template.json": 3}
    (rule,) = [
        one
        for one in templates["SluicePipelines.template.json"].properties("AWS::Events::Rule")
        if starts(one, "big")
    ]
    message = Triggered.from_json(
        text(rule["Targets"][0]["InputTransformer"]["InputTemplate"]).replace("<detail>", "{}")
    )
    compiled = CompiledPipeline.from_json(published(tmp_path / "out", message.definition["key"]).read_text())
    assert len({step.job_definition for step in compiled.steps if step.name.startswith("s")}) == 1


def test_work_is_shared_whatever_stands_around_it() -> None:
    """Whom a step waits for, its queue and its items are no part of what it runs; its machine, its
    environment and its attempts are.
    """
    same: list[Step] = [
        Job("a", run="f"),
        Job("b", run="f", after=["a"], queue="urgent"),
        Array("c", run="f", size=5, items_per_child=2, sequential=True),
        Array("d", run="f", each="c"),
    ]
    assert {work.name for work in shared_definitions(same).values()} == {"shared"}
    others: list[Step] = [
        Job("e", run="g"),
        Job("f", run="f", memory=4),
        Job("g", run="f", vcpus=2),
        Job("h", run="f", environment={"A": "b"}),
        Job("i", run="f", attempts=1),
        Job("j", run="f", timeout=60),
        Job("k", image="busybox", command=["f"]),
    ]
    works = shared_definitions([*same, *others])
    assert {name: work.name for name, work in works.items() if work.name != "shared"} == {
        one.name: one.name for one in others
    }


def test_a_step_alone_with_its_work_keeps_its_name() -> None:
    """The definition's name and the streams of its logs say which step it is."""
    assert {work.name for work in shared_definitions([Job("a", run="f"), Job("b", run="g")]).values()} == {
        "a",
        "b",
    }
