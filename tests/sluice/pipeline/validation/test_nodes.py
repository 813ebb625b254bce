"""Multi-node steps and limits: what a user may write, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.errors import PipelineError
from sluice.pipeline.definition import Array, Job, Limit, Manual, MultiNode, NodeGroup, Pipeline
from sluice.pipeline.validation import validate
from sluice.pipeline.validation.offered import Offered, check_offered
from sluice.pipeline.validation.uses import check_shared_limits

FUNCTIONS = frozenset({"ring", "publish"})
VENDOR, IDLE = Limit("vendor", max_concurrency=5), Limit("idle", max_concurrency=1)
GROUP = NodeGroup(nodes=1, run="ring")


def pipeline(*steps: Any, **more: Any) -> Pipeline:
    """Return a pipeline of these steps."""
    return Pipeline(name="words", triggers=[Manual()], steps=list(steps), **more)


def mistakes_of(found: Pipeline) -> str:
    """Return the text of a pipeline's mistakes, or nothing."""
    try:
        validate(found, "pipelines/words.py", FUNCTIONS)
    except PipelineError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "step",
    [
        MultiNode("a", run="ring", nodes=1),
        MultiNode("a", run="ring", nodes=1_000, instance_type="c7i.8xlarge", queue="steady"),
        MultiNode("a", image="mpi:1", command=["mpirun"], nodes=2),
        MultiNode("a", groups=[GROUP]),
        MultiNode("a", groups=[NodeGroup(nodes=1, image="lead:1", command=["lead"]), *[GROUP] * 4]),
    ],
    ids=str,
)
def test_what_nodes_may_be(step: MultiNode) -> None:
    """All alike, or up to five groups, each with a program of its own."""
    assert mistakes_of(pipeline(step, Job("b", run="publish", after=["a"]))) == ""


CASES: dict[str, tuple[MultiNode | Array, str, str]] = {
    "neither nodes nor groups": (MultiNode("a", run="ring"), "steps['a']", "found neither"),
    "nodes and groups": (MultiNode("a", nodes=2, groups=[GROUP]), "steps['a']", "found both"),
    "no group": (MultiNode("a", groups=[]), "steps['a']", "found neither"),
    "six groups": (MultiNode("a", groups=[GROUP] * 6), "steps['a'].groups", "at most 5"),
    "no node": (MultiNode("a", run="ring", nodes=0), "steps['a'].nodes", "greater than or equal to 1"),
    "1,001 nodes": (
        MultiNode("a", run="ring", nodes=1_001),
        "steps['a'].nodes",
        "less than or equal to 1000",
    ),
    "nodes as a word": (MultiNode("a", run="ring", nodes="4"), "steps['a'].nodes", "a valid integer"),  # type: ignore[arg-type]
    "an empty group": (
        MultiNode("a", groups=[NodeGroup(nodes=0, run="ring")]),
        "steps['a'].groups[0].nodes",
        "greater than or equal to 1",
    ),
    "groups of 1,001 nodes": (
        MultiNode("a", groups=[NodeGroup(nodes=501, run="ring"), NodeGroup(nodes=500, run="ring")]),
        "steps['a'].groups",
        "at most 1,000 nodes together, found 1,001",
    ),
    "a group that is none": (MultiNode("a", groups=[{"nodes": 1}]), "steps['a'].groups.0", "NodeGroup"),  # type: ignore[list-item]
    "run beside groups": (
        MultiNode("a", run="ring", groups=[GROUP]),
        "steps['a'].run",
        "no run= beside groups=",
    ),
    "image beside groups": (
        MultiNode("a", image="mpi:1", groups=[GROUP]),
        "steps['a'].image",
        "no image= beside groups=",
    ),
    "nothing to run": (MultiNode("a", nodes=2), "steps['a']", "found neither"),
    "a group without a program": (
        MultiNode("a", groups=[NodeGroup(nodes=1)]),
        "steps['a'].groups[0]",
        "found neither",
    ),
    "a group with two programs": (
        MultiNode("a", groups=[NodeGroup(nodes=1, run="ring", command=["x"], image="i")]),
        "steps['a'].groups[0]",
        "found both",
    ),
    "a command without an image": (
        MultiNode("a", groups=[GROUP, NodeGroup(nodes=1, command=["x"])]),
        "steps['a'].groups[1].image",
        "the image that has the command",
    ),
    "a missing function": (
        MultiNode("a", groups=[NodeGroup(nodes=1, run="rung")]),
        "steps['a'].groups[0].run",
        "'rung'",
    ),
    "a reserved variable": (
        MultiNode("a", groups=[NodeGroup(nodes=1, run="ring", environment={"SLUICE_RUN": "x"})]),
        "steps['a'].groups[0].environment",
        "SLUICE_RUN",
    ),
    "a reserved variable of all groups": (
        MultiNode("a", groups=[GROUP], environment={"AWS_BATCH_X": "x"}),
        "steps['a'].environment",
        "AWS_BATCH_X",
    ),
    "a group with nodes as a word": (
        MultiNode("a", groups=[NodeGroup(nodes="3", run="ring")]),  # type: ignore[arg-type]
        "steps['a'].groups[0].nodes",
        "a valid integer, found '3'",
    ),
    "a group whose function is a number": (
        MultiNode("a", groups=[NodeGroup(nodes=3, run=7)]),  # type: ignore[arg-type]
        "steps['a'].groups[0].run",
        "a valid string, found 7",
    ),
    "a group with half a node": (
        MultiNode("a", groups=[NodeGroup(nodes=True, run="ring")]),
        "steps['a'].groups[0].nodes",
        "a valid integer",
    ),
    "groups that are no list": (MultiNode("a", groups=GROUP), "steps['a'].groups", "a valid list"),  # type: ignore[arg-type]
    "MultiNode on spot": (
        MultiNode("a", run="ring", nodes=2, queue="normal"),
        "steps['a'].queue",
        "'steady' for a MultiNode, found 'normal'",
    ),
    "an instance family": (
        MultiNode("a", run="ring", nodes=2, instance_type="c7i"),
        "steps['a'].instance_type",
        "match pattern",
    ),
    "a limit on nodes": (
        MultiNode("a", run="ring", nodes=2, uses={"vendor": 1}),
        "steps['a'].uses",
        "none for a MultiNode",
    ),
    "an array child by child after nodes": (
        Array("b", run="ring", each="a"),
        "steps['b'].each",
        "the name of an Array, found 'a'",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_nodes_that_cannot_be_are_refused(case: str) -> None:
    """With the field, what was expected and what was found; the step that is right is not named."""
    wrong, where, says = CASES[case]
    steps = [wrong] if wrong.name == "a" else [MultiNode("a", run="ring", nodes=2), wrong]
    said = mistakes_of(pipeline(*steps, limits=[VENDOR]))
    line = next((line for line in said.splitlines() if where in line and says in line), "")
    assert line, said


def test_every_mistake_of_a_multi_node_step_is_told_together() -> None:
    """Fields, program and queue, in one go."""
    said = mistakes_of(pipeline(MultiNode("a", run="rung", nodes=0, queue="bulk", timeout=1)))
    assert all(f"steps['a'].{field}" in said for field in ("nodes", "run", "queue", "timeout"))


def offered(**changes: Any) -> Offered:
    """Return a deploy with NAT, with some of its settings changed."""
    return Offered(**{"nat": True, "max_vcpus_on_demand": 64, "instance_types": (), **changes})


@pytest.mark.parametrize(
    ("step", "settings", "says"),
    [
        (MultiNode("a", run="ring", nodes=4), {"nat": False}, "Deploy with SLUICE_NAT=true"),
        (
            MultiNode("a", run="ring", nodes=5, vcpus=16),
            {},
            "found 80. Deploy with SLUICE_MAX_VCPUS_ON_DEMAND=80 or more",
        ),
        (
            MultiNode("a", groups=[GROUP, NodeGroup(nodes=64, run="ring")]),
            {},
            "SLUICE_MAX_VCPUS_ON_DEMAND=65 or more",
        ),
        (
            MultiNode("a", run="ring", nodes=2, instance_type="c7i.large"),
            {},
            "SLUICE_INSTANCE_TYPES=c7i.large",
        ),
        (
            MultiNode("a", run="ring", nodes=2, instance_type="c7i.large"),
            {"instance_types": ("m7i", "c7i.xlarge")},
            "SLUICE_INSTANCE_TYPES=m7i,c7i.xlarge,c7i.large",
        ),
    ],
    ids=["no NAT", "too many vCPUs", "too many vCPUs in groups", "an unlisted type", "another size"],
)
def test_what_a_deploy_does_not_offer_is_refused_with_the_setting(
    step: MultiNode, settings: dict[str, Any], says: str
) -> None:
    """The file and the step are named."""
    (mistake,) = check_offered({"pipelines/words.py": pipeline(step)}, offered(**settings))
    assert mistake.where.startswith("pipelines/words.py: steps['a']")
    assert says in str(mistake)


@pytest.mark.parametrize("types", [("c7i",), ("c7i.large",), ("m7i", "c7i")])
def test_an_instance_type_or_its_family_may_be_listed(types: tuple[str, ...]) -> None:
    """Either lets the environment launch it."""
    step = MultiNode("a", run="ring", nodes=2, instance_type="c7i.large")
    assert list(check_offered({"f": pipeline(step)}, offered(instance_types=types))) == []


def test_a_pipeline_that_says_so_is_left_out_and_not_refused() -> None:
    """The shipped ring costs nobody a NAT gateway; with NAT it is there, and checked."""
    found = pipeline(MultiNode("a", run="ring", nodes=65), only_with="nat")
    without, with_it = offered(nat=False), offered()
    assert (without.leaves_out(found), with_it.leaves_out(found)) == (True, False)
    assert list(check_offered({"f": found}, without)) == []
    assert len(list(check_offered({"f": found}, with_it))) == 1
    assert "only_with: expected 'nat'" in mistakes_of(pipeline(Job("a", run="ring"), only_with="gpu"))


USES: dict[str, tuple[Any, Any, str]] = {
    "an undeclared limit": (
        {"vendors": 1},
        [VENDOR],
        "steps['a'].uses: expected a limit of the pipeline (vendor), found 'vendors'",
    ),
    "no limit at all": ({"vendor": 1}, [], "(it has none), found 'vendor'"),
    "more than there are": ({"vendor": 6}, [VENDOR], "at most 5, the max_concurrency of vendor, found 6"),
    "nothing of it": ({"vendor": 0}, [VENDOR], "steps['a'].uses.vendor: expected greater than or equal to 1"),
    "a word": ({"vendor": "1"}, [VENDOR], "steps['a'].uses.vendor: expected a valid integer"),
    "six limits": (
        {f"l{n}": 1 for n in range(6)},
        [Limit(f"l{n}", max_concurrency=1) for n in range(6)],
        "at most 5 limits, found 6",
    ),
    "a limit of nothing": (
        {},
        [Limit("vendor", max_concurrency=0)],
        "limits['vendor'].max_concurrency: expected greater than or equal to 1",
    ),
    "a limit's name": (
        {},
        [Limit("Vendor API", max_concurrency=1)],
        "limits['Vendor API'].name: expected match pattern",
    ),
    "a limit twice": ({}, [VENDOR, VENDOR], "limits: expected each limit once, found 'vendor' 2 times"),
    "a limit that is none": ({}, ["vendor"], "limits[0]: expected Limit, found 'vendor'"),
    "no list": ({}, VENDOR, "limits: expected a list"),
    "no uses": ("vendor", [VENDOR], "steps['a'].uses: expected a valid dictionary"),
}


@pytest.mark.parametrize("case", USES)
def test_uses_that_cannot_be_are_refused(case: str) -> None:
    """Before a job would wait for ever."""
    uses, limits, says = USES[case]
    said = mistakes_of(pipeline(Job("a", run="ring", uses=uses), limits=limits))
    assert says in said, said


def test_a_job_may_hold_all_there_is() -> None:
    """Then it runs alone; a limit that nobody uses is no mistake."""
    assert (
        mistakes_of(
            pipeline(
                Array("a", run="ring", size=3, uses={"vendor": 5}),
                limits=[VENDOR, Limit("idle", max_concurrency=1)],
            )
        )
        == ""
    )


def test_pipelines_that_share_a_limit_must_agree_on_it() -> None:
    """Equal declarations are one limit; unequal ones are a mistake that names both files."""
    declared = {
        f"pipelines/{name}.py": pipeline(limits=[Limit("vendor", max_concurrency=maximum)])
        for name, maximum in {"a": 5, "b": 5}.items()
    }
    assert list(check_shared_limits(declared)) == []
    (mistake,) = check_shared_limits(
        declared | {"pipelines/c.py": pipeline(limits=[Limit("vendor", max_concurrency=6)])}
    )
    assert mistake.where == "pipelines/a.py and pipelines/b.py and pipelines/c.py"
    assert mistake.found == "5 in pipelines/a.py and 5 in pipelines/b.py and 6 in pipelines/c.py"
