"""What is in the images of the jobs, and for which machines they are built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aws_cdk import App

import app as entry
from tests.stacks.synthesis import context
from tests.stacks.templates import Template


def test_an_image_holds_its_own_code_and_no_other_pipelines(assembly: Path) -> None:
    """The build context of an image has the vocabulary, the code around a step, and one folder besides."""
    images = json.loads((assembly / "SluicePipelines.assets.json").read_text())["dockerImages"].values()
    assert images
    for image in images:
        source = image["source"]
        context = assembly / source["directory"]
        folder = Path(source["dockerFile"]).parent.name
        assert {path.name for path in context.iterdir()} == {"sluice", "containers"}
        assert {path.name for path in (context / "containers").iterdir()} - {"__init__.py"} == {
            "step",
            folder,
        }
        assert not list(context.rglob("__pycache__"))


def test_images_are_built_for_the_machines_that_run_them(assembly: Path) -> None:
    """The platform is that of the instance types, whatever machine builds the image."""
    images = json.loads((assembly / "SluicePipelines.assets.json").read_text())["dockerImages"].values()
    assert {image["source"]["platform"] for image in images} == {"linux/amd64"}


def test_a_pipeline_of_both_architectures_has_an_image_for_each(everything: dict[str, Template]) -> None:
    """The same folder, built twice."""
    images = json.loads(everything["Pipelines"].path.with_name("SluicePipelines.assets.json").read_text())[
        "dockerImages"
    ].values()
    own = [one["source"]["platform"] for one in images if "everything" in one["source"]["dockerFile"]]
    assert sorted(own) == ["linux/amd64", "linux/arm64"]


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
    assert [Path(image["source"]["dockerFile"]).parent.name for image in images.values()] == ["cleanup"]
