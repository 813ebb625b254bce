"""Features come and go: no deploy drops or changes an export that a deployed stack still imports."""

from __future__ import annotations

import json
import re

import pytest

from tests.stacks.features import FEATURES, templates_of
from tests.stacks.templates import STACKS, Template

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
    assert len(set.union(*found) - set.intersection(*found)) > 3


def test_every_feature_is_in_its_templates(features: Templates) -> None:
    """No two features have the same templates, but for those that a setting turns off."""
    texts = [
        json.dumps([features[one][stack].normalised() for stack in STACKS])
        for one in FEATURES
        if one != "spot"
    ]
    assert len(set(texts)) == len(texts)
