"""Graphs of a thousand steps: what they share, where their definitions stand, and what is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App, CfnResource, Stack
from constructs import Construct

import app as entry
from sluice.errors import PipelineError
from sluice.messages import Triggered
from sluice.pipeline.definition import Array, Job, Step
from sluice.run.compiled import CompiledPipeline
from stacks.blocks.large_graphs.definition_stacks import MAX_IN_NESTED_STACK, MAX_IN_STACK
from stacks.blocks.large_graphs.shared_definitions import shared_definitions
from stacks.blocks.large_graphs.stack_size import check_stack_size
from stacks.blocks.triggers.definition import MAX_BYTES, check_definition_size
from tests.stacks.conftest import ENVIRONMENT, context
from tests.stacks.templates import Template, text

Synthesise = Callable[[str], dict[str, Template]]


@pytest.fixture
def synthesise(tmp_path: Path) -> Synthesise:
    """Return what synthesises the app with one pipeline whose steps are this expression, and returns its
    templates by file name.
    """

    def templates(steps: str) -> dict[str, Template]:
        root = tmp_path / "root"
        (root / "pipelines").mkdir(parents=True)
        for name in ("sluice", "containers", "lambdas"):
            (root / name).symlink_to(entry.ROOT / name)
        (root / "pipelines" / "big.py").write_text(
            "from sluice.pipeline.definition import Job, Manual, Pipeline\npipeline = Pipeline(name='big',"
            f" triggers=[Manual()], steps={steps})\n"
        )
        app = App(outdir=str(tmp_path / "out"), context=context())
        entry.compose(app, root=root, environment=ENVIRONMENT)
        app.synth()
        return {
            path.name: Template.read(path) for path in (tmp_path / "out").glob("*Pipelines*.template.json")
        }

    return templates


def definitions(templates: dict[str, Template]) -> dict[str, int]:
    """Return how many job definitions each template has."""
    return {name: len(template.of_type("AWS::Batch::JobDefinition")) for name, template in templates.items()}


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
        if _starts(one, "big")
    ]
    message = Triggered.from_json(
        text(rule["Targets"][0]["InputTransformer"]["InputTemplate"]).replace("<detail>", "{}")
    )
    compiled = CompiledPipeline.from_json(
        (tmp_path / "out" / f"asset.{message.definition['key']}").read_text()
    )
    assert len({step.job_definition for step in compiled.steps if step.name.startswith("s")}) == 1


def _starts(rule: dict[str, object], pipeline: str) -> bool:
    return f'"pipeline":"{pipeline}"' in json.dumps(rule).replace("\\", "")


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
    (rule,) = [one for one in main.of_type("AWS::Events::Rule").values() if _starts(one, "big")]
    assert set(rule["DependsOn"]) == set(main.of_type("AWS::CloudFormation::Stack"))


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


def resources(count: int) -> Construct:
    """Return a construct of a stack with so many resources, some of them deeper."""
    part = Construct(Stack(App()), "Part")
    deeper = Construct(part, "Deeper")
    for number in range(count):
        CfnResource(deeper if number % 2 else part, f"R{number}", type="AWS::SNS::Topic")
    return part


def test_more_than_a_stack_holds_is_refused_with_the_largest_pipelines() -> None:
    """In a sentence, before the CDK refuses it with an error of its own."""
    with pytest.raises(PipelineError) as refused:
        check_stack_size({"small": resources(3), "large": resources(478)}, {})
    said = str(refused.value)
    assert (
        "expected at most 480 CloudFormation resources in the stack of all pipelines, found 481, most of them"
        " in large (478)" in said
    )
    assert "SLUICE_STACK_PREFIX" in said


def test_more_than_a_deploy_holds_is_refused() -> None:
    """Nested stacks have a limit together."""
    check_stack_size({"large": resources(10)}, {"large": 2_470})
    with pytest.raises(PipelineError, match="in a deploy, nested stacks included, found 2481"):
        check_stack_size({"large": resources(10)}, {"large": 2_471})


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
