"""Features come and go: whatever is deployed, and whatever is deployed next, CloudFormation takes it."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sluice.pipeline.definition import (
    AfterRun,
    Array,
    FileSet,
    Job,
    Limit,
    Manual,
    MultiNode,
    NodeGroup,
    Pipeline,
    Plan,
    S3Upload,
    Schedule,
    Webhook,
)
from stacks.configuration import Configuration, variable
from tests.stacks.deploys.features import CHANGED, FEATURES, templates_of
from tests.stacks.deploys.idle_costs import idle_costs
from tests.stacks.deploys.updates import Deployed, own_names, refusals
from tests.stacks.projects import composed, project
from tests.stacks.templates import STACKS, Template, many, text

# A hundred syntheses, a second or two each, and longer where the machine has other things to do.
pytestmark = pytest.mark.timeout(1200)
# A cleanup and a gate.
ADDED = 2
_STEPS = (Plan, Array, Job, MultiNode)
Templates = dict[str, dict[str, Template]]


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The templates of every feature."""
    return {
        feature: templates_of(
            tmp_path_factory.mktemp("project") / "root", tmp_path_factory.mktemp("out"), feature
        )
        for feature in FEATURES
    }


@pytest.fixture(scope="module")
def deploys(features: Templates) -> dict[str, Deployed]:
    """The same as CloudFormation has them once they are deployed."""
    return {feature: Deployed.of(templates) for feature, templates in features.items()}


def test_every_feature_can_be_added_changed_removed_and_replaced_by_every_other(
    deploys: dict[str, Deployed],
) -> None:
    """No export in use is dropped or changed, no resource with a name of ours is replaced, none is created
    beside its namesake. A changed path of roles behind `results=` is refused, by `make deploy` before:
    tests/cli/deploying/test_role_path.py.
    """
    found = {
        (before, after, refusal)
        for before, old in deploys.items()
        for after, new in deploys.items()
        for refusal in refusals(old, new)
    }
    told = {one for one in found if one[0].startswith("results") and one[1].startswith("role path")}
    assert found - told == set()
    assert {(one[0].removesuffix(CHANGED), "TrackRole" in one[2]) for one in told} == {("results", True)}


def test_what_cloudformation_refuses_is_found(deploys: dict[str, Deployed]) -> None:
    """The comparison knows names of ours, and its findings are about something: an export that goes, a queue
    that is another one, a name that moves.
    """
    nothing, fair = deploys["no pipeline"], deploys["fair share"]
    named = {kind for kind, _ in deploys["limit"].names()}
    assert named >= {
        "AWS::Batch::JobQueue",
        "AWS::Batch::JobDefinition",
        "AWS::Logs::LogGroup",
    }
    without = Deployed(fair.resources, fair.fixed, {}, frozenset())
    assert {one.partition(" is ")[2] for one in refusals(fair, without)} == {"dropped, and in use"}
    (queue,) = (
        name for name, one in _queues(fair).items() if own_names(one)["JobQueueName"].endswith("fair")
    )
    moved = json.loads(json.dumps(dict(fair.resources)))
    moved["Compute"]["Other"] = moved["Compute"].pop(queue)
    (found,) = refusals(fair, Deployed(moved, fair.fixed, fair.exports, fair.imports))
    assert "is created with the name of" in found
    another = {"Compute": {**fair.fixed["Compute"], queue: "another type of queue"}}
    (found,) = refusals(fair, Deployed(fair.resources, {**fair.fixed, **another}, fair.exports, fair.imports))
    assert "is replaced, and its name" in found
    assert list(refusals(nothing, fair)) == []


def _queues(deployed: Deployed) -> dict[str, Any]:
    found = deployed.resources["Compute"].items()
    return {name: one for name, one in found if one["Type"] == "AWS::Batch::JobQueue"}


def test_the_features_import_something_that_not_all_of_them_do(deploys: dict[str, Deployed]) -> None:
    """The comparison is about something: the pipelines of some features import what others do not."""
    found = [one.imports for one in deploys.values()]
    assert len(frozenset[str]().union(*found) - found[0].intersection(*found)) > 3


def test_every_feature_is_in_its_templates(features: Templates) -> None:
    """No two have the same templates, with what is published beside them, and neither has a changed one."""
    texts = [
        json.dumps([features[one][stack].document for stack in STACKS]) for one in FEATURES if one != "spot"
    ]
    assert len(set(texts)) == len(texts)


def test_every_parameter_and_setting_is_of_some_feature() -> None:
    """Whoever adds one adds it to a feature: what nobody has deployed and changed may break a second deploy.
    What comes first is written without its name.
    """
    texts = " ".join(text for feature in FEATURES.values() for text in feature.pipelines.values())
    kinds = (AfterRun, FileSet, Manual, S3Upload, Schedule, Webhook, *_STEPS, NodeGroup, Limit, Pipeline)
    known = {name for kind in kinds for name in inspect.signature(kind).parameters}
    missing = {name for name in known if not re.search(rf"\b{name}=", texts)}
    assert missing == {
        *("pipelines", "expression", "pattern"),  # They come first.
        "at_once",  # It is deprecated, and max_concurrency.
        "only_with",  # Without its variable there is nothing of the pipeline, with it all.
        "shared",  # It is in the image alone.
    }
    given = {name for feature in FEATURES.values() for name in feature.settings}
    # With another prefix, all stacks are others.
    assert {variable(one.name) for one in fields(Configuration)} - given == {"SLUICE_STACK_PREFIX"}


def test_only_some_features_cost_anything_while_nothing_runs(features: Templates) -> None:
    """tests/stacks/deploys/test_idle_costs.py says how much."""
    costs = {feature: sum(idle_costs(templates).values()) for feature, templates in features.items()}
    dear = {one.removesuffix(CHANGED) for one, dollars in costs.items() if dollars > costs["no pipeline"]}
    gathering = {"grouping", "file set", "after run"}
    assert dear - gathering == {
        "webhook",
        "webhook with a schema and rotation",
        "console",
        "console with a provider",
        "NAT",
        "nodes",
    }
    assert dear >= gathering
    assert costs["no pipeline"] < 2


def test_a_definition_that_moves_to_a_nested_stack_gets_another_name(tmp_path: Path) -> None:
    """One stack cannot create what another has not yet let go: steps beyond the fiftieth move all of them."""
    few, many = (
        _names_of(tmp_path / str(count), "\n".join(_step(number) for number in range(count)))
        for count in (50, 51)
    )
    assert len(few) == 50 + ADDED
    assert {name for name in few if "-step" in name}.isdisjoint(many)


def _step(number: int) -> str:
    return f'Job("step{number}", image="busybox:1", command=["echo", "{number}"]),'


def _names_of(directory: Path, steps: str) -> set[str]:
    root = project(
        directory / "root", {"one": f'pipeline = Pipeline(name="one", triggers=[Manual()], steps=[{steps}])'}
    )
    composed(root, directory / "out").synth()
    texts = [path.read_text() for path in (directory / "out").glob("*.template.json")]
    return {name for text in texts for name in re.findall(r'"JobDefinitionName": ?"([^"]+)"', text)}


def test_every_job_is_told_its_region(features: Templates) -> None:
    """Whatever it runs on, nodes and the jobs that Sluice adds included: agents on EC2 do not tell it."""
    region = [
        {"Name": name, "Value": {"Ref": "AWS::Region"}} for name in ("AWS_REGION", "AWS_DEFAULT_REGION")
    ]
    containers = [
        container
        for templates in features.values()
        for definition in templates["Pipelines"].properties("AWS::Batch::JobDefinition")
        for container in containers_of(definition)
    ]
    assert len(containers) > len(features)
    assert [one for one in containers if not all(wanted in one["Environment"] for wanted in region)] == []


def test_every_job_says_how_it_logs(features: Templates) -> None:
    """Nodes and the jobs that Sluice adds included: an account's default may be to wait for the log."""
    modes = [
        container["LogConfiguration"]["Options"].get("mode")
        for templates in features.values()
        for definition in templates["Pipelines"].properties("AWS::Batch::JobDefinition")
        for container in containers_of(definition)
    ]
    assert len(modes) > len(features)
    assert set(modes) == {"non-blocking"}


@pytest.mark.parametrize("feature", ["manual", "start job", "webhook", "tags of a pipeline"])
def test_what_belongs_to_a_pipeline_says_so(features: Templates, feature: str) -> None:
    """Definitions with the step, and all else that takes tags: log groups, roles, rules, functions."""
    resources = features[feature]["Pipelines"].document["Resources"].items()
    own = [one for name, one in resources if name.startswith("one") and "Tags" in one.get("Properties", {})]
    kinds = {one["Type"] for one in own}
    assert kinds >= {"AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::Batch::JobDefinition"}
    for one in own:
        tags = one["Properties"]["Tags"]
        found = {each["Key"]: each["Value"] for each in tags} if isinstance(tags, list) else tags
        assert found["sluice:app"] == "Sluice"
        assert found["sluice:pipeline"] == "one"
        assert ("sluice:step" in found) is (one["Type"] == "AWS::Batch::JobDefinition")
        if feature == "tags of a pipeline":
            assert found["team"] == "data"


def containers_of(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the containers of a job definition."""
    if "ContainerProperties" in definition:
        return [definition["ContainerProperties"]]
    return [one["Container"] for one in definition["NodeProperties"]["NodeRangeProperties"]]


def test_who_submits_a_job_may_hold_its_limits(tmp_path: Path) -> None:
    """The Lambdas any limit, a start job those of its own pipeline: SubmitJob is authorised for these too."""
    feature = "limit and start job"
    templates = templates_of(tmp_path / "root", tmp_path / "out", feature)
    stacks = (templates["Control"], templates["Pipelines"])
    submits = {
        role: text(statement["Resource"])
        for template in stacks
        for role, statement in template.statements()
        if "batch:SubmitJob" in many(statement["Action"])
    }
    assert len(submits) == 3 + 1
    assert [role for role, resources in submits.items() if "Start" in role and "Limitsapi" in resources]
    without = [role for role, found in submits.items() if "consumable-resource/*" not in found]
    assert len(without) == 1
