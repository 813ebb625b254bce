"""The second deploy, and those after it: features come and go, deploys are reverted, stacks are deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.aws import client_of
from local.deployment import cdk
from local.deployment.deploy import deploy
from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from local.server import process
from tests.conftest import free_port
from tests.e2e.project import project
from tests.stacks.features import FEATURES
from tests.stacks.projects import HEAD, STEPS

# Each takes away what the one before it has, and what its stacks import.
SEQUENCE = (
    "start job",
    "no pipeline",
    "webhook with a schema and rotation",
    "grouping",
    "nodes",
    "limit",
)

# Made after everything of the pipeline, and refused by AWS Batch.
BROKEN = """
    from aws_cdk.aws_batch import CfnJobQueue
    stack = app.node.find_child("SluicePipelines")
    CfnJobQueue(stack, "Broken", job_queue_name="not a name!", priority=1).node.add_dependency(
        stack.node.find_child("one"))
"""


class Deploys:
    """One project, deployed again and again to one cloud."""

    def __init__(self, place: LocalCloudPaths, root: Path) -> None:
        self.place, self.root = place, root
        self._batch = client_of(place, "batch")

    def of(self, feature: str) -> None:
        """Deploy the project with a feature."""
        text, settings = FEATURES[feature]
        self.of_text(text, settings)

    def of_text(self, text: str | None, settings: dict[str, str] | None = None) -> None:
        """Deploy the project with a pipeline, or with none."""
        (self.root / "pipelines" / "one.py").unlink(missing_ok=True)
        if text is not None:
            (self.root / "pipelines" / "one.py").write_text(HEAD + text)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (settings or {}).items():
                patch.setenv(name, value)
            deploy(self.place, print, self.root)

    def destroy(self) -> None:
        """Delete the stacks."""
        cdk.run(self.place, ["destroy", "--all", "--force"], self.root)

    def definitions(self) -> dict[str, dict[str, Any]]:
        """Return the active job definitions of the pipeline's step, by their names."""
        pages = self._batch.get_paginator("describe_job_definitions").paginate(status="ACTIVE")
        found = {one["jobDefinitionName"]: one for page in pages for one in page["jobDefinitions"]}
        return {name: one for name, one in found.items() if name.startswith("sluice-one-work-")}


@pytest.fixture(scope="module")
def deploys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploys]:
    """A cloud of these tests' own, with nothing deployed."""
    root = project(tmp_path_factory.mktemp("second") / "project")
    for path in (root / "pipelines").glob("[!_]*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    package = root / "containers" / "one"
    shutil.copytree(root / "containers" / "word_count", package)
    (package / "steps.py").write_text(STEPS)
    dockerfile = package / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("word_count", "one"))
    place = LocalCloudPaths(free_port(), tmp_path_factory.mktemp("cloud"))
    process.start(place)
    try:
        yield Deploys(place, root)
    finally:
        process.stop(place)


def pipeline(seed: str) -> str:
    """Return a pipeline whose job is another with another seed."""
    step = f'Job("work", image="busybox:1", command=["true"], environment={{"SEED": "{seed}"}})'
    return f'pipeline = Pipeline(name="one", triggers=[Manual()], steps=[{step}])'


def seed_of(definition: dict[str, Any]) -> str:
    """Return the seed of a definition of such a pipeline."""
    environment = definition["containerProperties"]["environment"]
    return next(str(one["value"]) for one in environment if one["name"] == "SEED")


def test_a_feature_goes_and_the_next_one_comes(deploys: Deploys) -> None:
    """No deploy drops an export that the deployed pipelines still import: CloudFormation here refuses that
    as AWS's does.
    """
    for feature in SEQUENCE:
        deploys.of(feature)


def test_a_deploy_is_reverted_and_the_stacks_are_deleted_and_deployed_again(deploys: Deploys) -> None:
    """A, B, back to A, nothing, A: each goes through with a definition of its own, while the earlier ones
    stay for the runs that use them.
    """
    before = deploys.definitions()
    for content in "aba":
        deploys.of_text(pipeline(content))
    deploys.destroy()
    deploys.of_text(pipeline("a"))
    made = {name: one for name, one in deploys.definitions().items() if name not in before}
    assert sorted(seed_of(one) for one in made.values()) == ["a", "a", "a", "b"]


def test_a_deploy_that_fails_half_way_goes_through_when_it_is_mended(deploys: Deploys) -> None:
    """What it made before it failed is gone with it, and takes no name."""
    deploys.of_text(pipeline("a"))
    before = deploys.definitions()
    entry = deploys.root / "app.py"
    whole = entry.read_text()
    entry.write_text(whole.replace("    app.synth()", f"{BROKEN}    app.synth()"))
    with pytest.raises(LocalCloudError, match="Broken"):
        deploys.of_text(pipeline("half-way"))
    assert deploys.definitions() == before
    entry.write_text(whole)
    deploys.of_text(pipeline("half-way"))
    assert len(deploys.definitions()) == len(before) + 1
