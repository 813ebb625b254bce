"""Each Lambda's code, as it is uploaded, works by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.blocks.functions.code import NOT_FOR_LAMBDAS
from tests.stacks.assets import IMPORT, asset_of, variables_of
from tests.stacks.templates import STAGES, Template


@pytest.mark.parametrize("stage", STAGES.values())
def test_a_handler_imports_from_its_asset_alone(control: Template, assembly: Path, stage: str) -> None:
    """A fresh interpreter with the asset, Powertools and botocore imports the handler and all of the
    shared core.
    """
    asset = asset_of(control, assembly, stage)
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    environment = {
        **variables_of(control, stage),
        "PYTHONPATH": f"{asset}{os.pathsep}{packages}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PATH": os.environ["PATH"],
    }
    # -S keeps the .pth files of this environment away, which would bring the repository's own packages back.
    command = [sys.executable, "-S", "-B", "-c", IMPORT, f"lambdas.{stage}.handler"]
    done = subprocess.run(
        command, env=environment, cwd=asset, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(asset) for line in done.stdout.splitlines())


@pytest.mark.parametrize("stage", STAGES.values())
def test_an_asset_has_what_it_needs_and_no_more(control: Template, assembly: Path, stage: str) -> None:
    """One stage's folder, the shared modules, and the shared core without what needs pydantic; no compiled
    files.
    """
    asset = asset_of(control, assembly, stage)
    assert {path.name for path in asset.iterdir()} == {"lambdas", "sluice"}
    assert [path.name for path in (asset / "lambdas").iterdir() if path.is_dir()] == [stage]
    assert not [
        name
        for name in NOT_FOR_LAMBDAS
        if (asset / "sluice" / f"{name}.py").exists() or (asset / "sluice" / name).exists()
    ]
    assert {path.suffix for path in asset.rglob("*") if path.is_file()} <= {".py", ".json"}


def test_assets_stay_small(assembly: Path) -> None:
    """What each of the four Lambdas unpacks at a cold start is about half a megabyte."""
    files = json.loads((assembly / "SluiceControl.assets.json").read_text())["files"].values()
    folders = [assembly / one["source"]["path"] for one in files if one["source"]["packaging"] == "zip"]
    assert len(folders) == 4
    assert (
        max(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) for folder in folders)
        < 590_000
    )
