"""What is in the images of the jobs, and for which machines they are built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack

import app as entry
from sluice.pipeline.definition import Job, Manual, Pipeline
from stacks.blocks.jobs.images import pipeline_image
from stacks.configuration import Architecture
from tests.stacks.synthesis import context
from tests.stacks.templates import Template


def folders_of(context: Path) -> set[str]:
    """Return the folders of ``containers/`` that a build context has, but for what every image has."""
    return {path.name for path in (context / "containers").iterdir()} - {"__init__.py", "step"}


def test_an_image_holds_its_own_code_and_no_other_pipelines(assembly: Path) -> None:
    """The build context of an image has the vocabulary, the code around a step, and one folder besides."""
    images = json.loads((assembly / "SluicePipelines.assets.json").read_text())["dockerImages"].values()
    assert images
    for image in images:
        source = image["source"]
        context = assembly / source["directory"]
        assert {path.name for path in context.iterdir()} <= {"sluice", "containers", "Dockerfile"}
        assert (context / source["dockerFile"]).is_file()
        assert len(folders_of(context)) == 1
        assert not list(context.rglob("__pycache__"))


def test_images_are_built_for_the_machines_that_run_them(assembly: Path) -> None:
    """The platform is that of the instance types, whatever machine builds the image."""
    images = json.loads((assembly / "SluicePipelines.assets.json").read_text())["dockerImages"].values()
    assert {image["source"]["platform"] for image in images} == {"linux/amd64"}


def test_a_pipeline_of_both_architectures_has_an_image_for_each(everything: dict[str, Template]) -> None:
    """The same folder, built twice."""
    path = everything["Pipelines"].path.with_name("SluicePipelines.assets.json")
    images = json.loads(path.read_text())["dockerImages"].values()
    own = [
        one["source"]["platform"]
        for one in images
        if folders_of(path.parent / one["source"]["directory"]) != {"cleanup"}
    ]
    assert sorted(own) == ["linux/amd64", "linux/arm64"]


@pytest.mark.parametrize(
    ("named", "holds"),
    [(None, {"hello", "shared"}), (["readers"], {"hello", "readers"}), ([], {"hello"})],
)
def test_an_image_has_the_shared_code_that_its_pipeline_names(
    named: list[str] | None, holds: set[str], tmp_path: Path
) -> None:
    """Without a word the folder of that name."""
    for name in ("hello", "shared", "readers", "another"):
        folder = tmp_path / "containers" / name
        folder.mkdir(parents=True)
        (folder / "steps.py").write_text("x = 1\n")
    app = App(outdir=str(tmp_path / "out"))
    stack = Stack(app, "Images")
    hello = Pipeline(name="hello", triggers=[Manual()], steps=[Job("say", run="say")], shared=named)
    pipeline_image(stack, "Image", pipeline=hello, project=tmp_path, architecture=Architecture.X86_64)
    app.synth()
    (context,) = (tmp_path / "out").glob("asset.*")
    assert {path.name for path in (context / "containers").iterdir()} == {"__init__.py", "step", *holds}
    text = (context / "Dockerfile").read_text()
    assert {name for name in ("shared", "readers") if f"COPY containers/{name} " in text} == holds - {"hello"}


PIPELINE = """
from sluice.pipeline.definition import Job, Pipeline, S3Upload
pipeline = Pipeline(
    name="hello",
    triggers=[S3Upload(prefix="hello/")],
    steps=[Job("say", image="busybox", command=["echo", "hello world"], environment={"WHOM": "harness"})],
)
"""


def synthesised(tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the resources and the image assets of the pipelines stack of a project with this one pipeline
    and no containers of its own.
    """
    root = tmp_path / "project"
    (root / "pipelines").mkdir(parents=True)
    (root / "pipelines" / "hello.py").write_text(PIPELINE)
    for name in ("sluice", "lambdas", "containers"):
        (root / name).symlink_to(entry.ROOT / name)
    app = App(outdir=str(tmp_path / "out"), context=context())
    entry.compose(app, root=root, environment={})
    assembly = app.synth()
    assets = json.loads((tmp_path / "out" / "SluicePipelines.assets.json").read_text())
    return assembly.get_stack_by_name("SluicePipelines").template["Resources"], assets["dockerImages"]


def test_a_plain_image_runs_its_command_and_needs_no_folder_in_containers(tmp_path: Path) -> None:
    """The job definition has the image and the command as they were written; the only image that is built is
    the cleanup's.
    """
    resources, images = synthesised(tmp_path)
    definitions = [
        one["Properties"] for one in resources.values() if one["Type"] == "AWS::Batch::JobDefinition"
    ]
    (say,) = [one for one in definitions if one["JobDefinitionName"].startswith("sluice-hello-say-")]
    assert say["ContainerProperties"]["Image"] == "busybox"
    assert say["ContainerProperties"]["Command"] == ["echo", "hello world"]
    assert {"Name": "WHOM", "Value": "harness"} in say["ContainerProperties"]["Environment"]
    found = [folders_of(tmp_path / "out" / image["source"]["directory"]) for image in images.values()]
    assert found == [{"cleanup"}]
