"""The code of a webhook's Lambdas works by itself, with the layer of stacks.blocks.webhook.schema."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.blocks.functions.code import NOT_FOR_LAMBDAS
from tests.stacks.assets import IMPORT, published
from tests.stacks.blocks.webhook.addresses import function
from tests.stacks.templates import Template, text

LAMBDAS = ("webhook", "rotate")


@pytest.mark.parametrize("stage", LAMBDAS)
def test_a_handler_imports_from_its_asset_and_its_layers_alone(
    pipelines: Template, assembly: Path, stage: str
) -> None:
    """A fresh interpreter without what is for synthesis only; the schema comes from the layer."""
    found = function(pipelines, stage)
    asset = published(assembly, found["Code"]["S3Key"])
    assert {path.name for path in (asset / "lambdas").iterdir() if path.is_dir()} == {stage}
    assert not [
        name
        for name in NOT_FOR_LAMBDAS
        if (asset / "sluice" / f"{name}.py").exists() or list((asset / "sluice" / name).glob("*"))
    ]
    layers = [one["Content"]["S3Key"] for one in pipelines.properties("AWS::Lambda::LayerVersion")]
    packages = [path for path in sys.path if path.endswith("site-packages")]
    environment = {
        **{name: text(value) for name, value in found["Environment"]["Variables"].items()},
        "PYTHONPATH": os.pathsep.join(
            [str(asset), *(str(published(assembly, layer) / "python") for layer in layers), *packages]
        ),
        "AWS_DEFAULT_REGION": "us-east-1",
        "PATH": os.environ["PATH"],
    }
    command = [
        sys.executable,
        "-S",
        "-B",
        "-c",
        IMPORT.replace("'pydantic'", "'pydantic', 'jsonschema'"),
        f"lambdas.{stage}.handler",
    ]
    done = subprocess.run(
        command, env=environment, cwd=asset, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(asset) for line in done.stdout.splitlines())
