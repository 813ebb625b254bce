"""The app with its console deployed: with the stack's own user pool, and with a company's provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stacks.synthesis import synthesised
from tests.stacks.templates import Template

SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:console-AbCdEf"
OWN_PROVIDER = {
    "SLUICE_CONSOLE_ISSUER": "https://login.example.com",
    "SLUICE_CONSOLE_CLIENT_ID": "sluice",
    "SLUICE_CONSOLE_CLIENT_SECRET": SECRET,
    "SLUICE_CONSOLE_GROUPS": "watch=analysts,watch=guests,operate=on-call,administer=platform",
    "SLUICE_CONSOLE_GROUPS_CLAIM": "roles",
    "SLUICE_CONSOLE_CONCURRENCY": "5",
}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly with the console and its user pool."""
    return synthesised(tmp_path_factory.mktemp("console"), SLUICE_CONSOLE="true")


@pytest.fixture(scope="module")
def control(assembly: Path) -> Template:
    """The template of the control stack with the console."""
    return Template.read(assembly / "SluiceControl.template.json")


@pytest.fixture(scope="module")
def with_provider(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of the control stack with a console whose people a company's provider knows."""
    directory = tmp_path_factory.mktemp("provider")
    synthesised(directory, SLUICE_CONSOLE="true", **OWN_PROVIDER)
    return Template.read(directory / "SluiceControl.template.json")
