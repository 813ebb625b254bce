"""Fixtures of the template tests: the app is synthesised once in a session, for a second synthesis in the
same process costs a tenth.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.everything import EVERYTHING
from tests.stacks.projects import composed, project
from tests.stacks.synthesis import synthesised
from tests.stacks.templates import STACKS, Template


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the app with both addresses configured."""
    return synthesised(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="session")
def with_nat(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The templates of the app with a NAT gateway, and so with the pipelines that need one."""
    assembly = synthesised(tmp_path_factory.mktemp("nat"), SLUICE_NAT="true")
    return {name: Template.read(assembly / f"Sluice{name}.template.json") for name in STACKS}


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, Template]:
    """The template of each stack by its name without the prefix."""
    return {name: Template.read(assembly / f"Sluice{name}.template.json") for name in STACKS}


@pytest.fixture
def storage(templates: dict[str, Template]) -> Template:
    """The template of the storage stack."""
    return templates["Storage"]


@pytest.fixture
def compute(templates: dict[str, Template]) -> Template:
    """The template of the compute stack."""
    return templates["Compute"]


@pytest.fixture
def control(templates: dict[str, Template]) -> Template:
    """The template of the control stack."""
    return templates["Control"]


@pytest.fixture
def pipelines(templates: dict[str, Template]) -> Template:
    """The template of the pipelines stack."""
    return templates["Pipelines"]


@pytest.fixture(scope="session")
def everything_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose steps use all that a step may have."""
    return project(tmp_path_factory.mktemp("everything"), {"everything": EVERYTHING})


@pytest.fixture(scope="session")
def everything(everything_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The templates of that project by the stacks' names without the prefix."""
    directory = tmp_path_factory.mktemp("named")
    composed(everything_root, directory).synth()
    return {name: Template.read(directory / f"Sluice{name}.template.json") for name in STACKS}


@pytest.fixture(scope="session")
def everything_jobs(everything: dict[str, Template]) -> dict[str, dict[str, Any]]:
    """The job definitions of that project by the steps' names."""
    found = everything["Pipelines"].properties("AWS::Batch::JobDefinition")
    return {
        re.sub(r"sluice-everything-(.*)-[0-9a-f]{10}", r"\1", one["JobDefinitionName"]): one for one in found
    }
