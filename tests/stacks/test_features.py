"""Features come and go: no deploy drops or changes an export that a deployed stack still imports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.features import FEATURES, templates_of
from tests.stacks.projects import composed, project
from tests.stacks.templates import STACKS, Template, many, text

# A cleanup and a gate.
ADDED = 2
Templates = dict[str, dict[str, Template]]

_IMPORT = re.compile(r'\{"Fn::ImportValue": "([^"]+)"\}')


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The templates of every feature."""
    return {
        feature: templates_of(
            tmp_path_factory.mktemp("project") / "root", tmp_path_factory.mktemp("out"), feature
        )
        for feature in FEATURES
    }


def exports(templates: dict[str, Template]) -> dict[str, str]:
    """Return what the stacks export: the values by their names."""
    outputs = [one for stack in STACKS for one in templates[stack].document.get("Outputs", {}).values()]
    return {one["Export"]["Name"]: json.dumps(one["Value"]) for one in outputs if "Export" in one}


def imports(templates: dict[str, Template]) -> set[str]:
    """Return the names of what the stacks import."""
    return {name for stack in STACKS for name in _IMPORT.findall(json.dumps(templates[stack].document))}


def test_every_feature_can_replace_every_other(features: Templates) -> None:
    """Whatever is deployed and whatever is deployed next, all that the deployed stacks import is still
    exported, and with the same value.
    """
    wrong = [
        (before, after, name)
        for before in features
        for after in features
        for name in imports(features[before])
        if exports(features[after]).get(name) != exports(features[before])[name]
    ]
    assert wrong == []


def test_the_features_import_something_that_not_all_of_them_do(features: Templates) -> None:
    """The comparison is about something: the pipelines of some features import what others do not."""
    found = [imports(templates) for templates in features.values()]
    assert len(set[str]().union(*found) - found[0].intersection(*found)) > 3


def test_every_feature_is_in_its_templates(features: Templates) -> None:
    """No two features have the same templates, but for those that a setting turns off."""
    texts = [
        json.dumps([features[one][stack].normalised() for stack in STACKS])
        for one in FEATURES
        if one != "spot"
    ]
    assert len(set(texts)) == len(texts)


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
    return {name for text in texts for name in re.findall(r'"JobDefinitionName": "([^"]+)"', text)}


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
