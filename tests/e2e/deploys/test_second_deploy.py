"""The second deploy, and those after it: features come and go, deploys are reverted, stacks are deleted."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

import app as entry
from cli.aws import client_of, outputs
from local.deployment import cdk
from local.deployment import deploy as deploying
from local.deployment.deploy import deploy
from local.deployment.synth import settings
from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from local.server import process
from tests.conftest import free_port
from tests.e2e.project import project
from tests.stacks.deploys.features import CHANGED, FEATURES, PAIRS, Feature
from tests.stacks.projects import HEAD, STEPS
from tests.stacks.synthesis import context

# Each takes away what the one before it has, and what its stacks import.
SEQUENCE = (
    "start job",
    "no pipeline",
    "webhook with a schema and rotation",
    "file set",
    "nodes",
    f"after run{CHANGED}",
    "other bucket",
    "console",
    "results",
    "limit",
)

# Made after everything of the pipeline, and refused by AWS Batch.
SYNTHESIS = "        assembly = Path(app.synth()"
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
        self._of(FEATURES[feature])

    def of_text(self, text: str) -> None:
        """Deploy the project with one pipeline."""
        self._of(Feature({"one": text}))

    def _of(self, feature: Feature) -> None:
        for path in (self.root / "pipelines").glob("[!_]*.py"):
            path.unlink()
        for name, text in feature.pipelines.items():
            (self.root / "pipelines" / f"{name}.py").write_text(HEAD + text)
            package = self.root / "containers" / name
            if not package.exists():
                shutil.copytree(self.root / "containers" / "word_count", package)
                (package / "steps.py").write_text(STEPS)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in feature.settings.items():
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

    def resources(self) -> dict[tuple[str, str], str]:
        """Return the physical ids of all resources, by their stacks and logical ids."""
        cloudformation = client_of(self.place, "cloudformation")
        pages = cloudformation.get_paginator("list_stack_resources")
        stacks = [one["StackName"] for one in cloudformation.describe_stacks()["Stacks"]]
        return {
            (stack, one["LogicalResourceId"]): one["PhysicalResourceId"]
            for stack in stacks
            for page in pages.paginate(StackName=stack)
            for one in page["StackResourceSummaries"]
            if one["ResourceType"] != "AWS::CDK::Metadata"
        }

    def of_the_console(self) -> dict[str, list[str]]:
        """Return what services have of a console, whatever CloudFormation says."""
        client = partial(client_of, self.place)
        listed = {
            "pools": (client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"], "Name"),
            "functions": (client("lambda").list_functions()["Functions"], "FunctionName"),
            "layers": (client("lambda").list_layers()["Layers"], "LayerName"),
            "logs": (client("logs").describe_log_groups()["logGroups"], "logGroupName"),
            "secrets": (client("secretsmanager").list_secrets()["SecretList"], "Name"),
            "roles": (client("iam").list_roles()["Roles"], "RoleName"),
        }
        return {what: sorted(found) for what, one in listed.items() if (found := _of_console(*one))}


def _of_console(found: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return [one[name] for one in found if "console" in one[name].lower()]


def bare_project(root: Path) -> Path:
    """Make a project in a new directory ``root`` that has no pipeline yet."""
    project(root)
    for path in (root / "pipelines").glob("[!_]*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return root


@pytest.fixture
def synthesised_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the templates be made in this process, which takes a tenth of what `cdk synth` does: the tests are
    about what CloudFormation makes of one after the other.
    """
    numbers = itertools.count()

    def assembly(_: LocalCloudPaths, root: Path, retained: Mapping[str, str]) -> Path:
        directory = tmp_path / f"assembly-{next(numbers)}"
        app = App(outdir=str(directory), context=context())
        entry.compose(app, root=root, environment=settings({**os.environ, **retained}, root))
        app.synth()
        return directory

    monkeypatch.setattr(deploying, "assembly", assembly)


@pytest.fixture(scope="module")
def deploys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploys]:
    """A cloud of these tests' own, with nothing deployed."""
    root = bare_project(tmp_path_factory.mktemp("second") / "project")
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


@pytest.mark.usefixtures("synthesised_here")
def test_a_feature_goes_and_the_next_one_comes(deploys: Deploys) -> None:
    """No deploy drops an export that the deployed pipelines still import: CloudFormation here refuses that
    as AWS's does.
    """
    for feature in SEQUENCE:
        deploys.of(feature)


@pytest.mark.usefixtures("synthesised_here")
def test_a_console_that_is_turned_off_leaves_nothing_and_disturbs_nothing(deploys: Deploys) -> None:
    """Its people, their pool, secret, function and logs go with the deploy; a file of a run stays, and what
    else is deployed is what it was.
    """
    deploys.of("no pipeline")
    before, own = deploys.resources(), deploys.of_the_console()
    s3, bucket = client_of(deploys.place, "s3"), outputs(client_of(deploys.place, "cloudformation"))
    s3.put_object(Bucket=bucket["ResultsBucket"], Key="one/kept", Body=b"1")
    deploys.of("console")
    on = deploys.of_the_console()
    assert set(on) - set(own) >= {"pools", "functions", "secrets", "roles"}
    assert {one: deploys.resources().get(one) for one in before} == before
    deploys.of("no pipeline")
    assert (deploys.resources(), deploys.of_the_console()) == (before, own)
    assert s3.get_object(Bucket=bucket["ResultsBucket"], Key="one/kept")["Body"].read() == b"1"
    s3.delete_object(Bucket=bucket["ResultsBucket"], Key="one/kept")


@pytest.mark.nightly
@pytest.mark.usefixtures("synthesised_here")
@pytest.mark.parametrize("feature", PAIRS)
def test_every_feature_is_added_changed_and_removed(deploys: Deploys, feature: str) -> None:
    """Each behind some other, which goes with the same deploy."""
    deploys.of(feature)
    deploys.of(feature + CHANGED)


@pytest.mark.usefixtures("synthesised_here")
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
    assert SYNTHESIS in whole
    entry.write_text(whole.replace(SYNTHESIS, f"{BROKEN}{SYNTHESIS}"))
    with pytest.raises(LocalCloudError, match="Broken"):
        deploys.of_text(pipeline("half-way"))
    assert deploys.definitions() == before
    entry.write_text(whole)
    deploys.of_text(pipeline("half-way"))
    assert len(deploys.definitions()) == len(before) + 1
