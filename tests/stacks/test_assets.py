"""Each Lambda's code, as it is uploaded, works by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sluice.settings import AlertSettings, FanOutSettings, Settings, TrackSettings, TriggerSettings
from stacks.blocks.functions.code import NOT_FOR_LAMBDAS
from tests.stacks.templates import Template

SETTINGS: dict[str, type[Settings]] = {
    "trigger": TriggerSettings,
    "fan_out": FanOutSettings,
    "track": TrackSettings,
    "alert": AlertSettings,
}
# Not for Lambdas: an import of these would fail in Lambda's runtime, or cost a cold start.
ABSENT = ("pydantic", "aws_cdk", "moto", "ministack", "rich")
IMPORT = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from importlib import import_module
handler = import_module(sys.argv[1]).handler
assert callable(handler), handler
import lambdas, pkgutil, sluice
for module in pkgutil.iter_modules(sluice.__path__):
    import_module("sluice." + module.name)
print(lambdas.__file__, sluice.__file__, sep="\\n")
"""


def asset_of(control: Template, assembly: Path, stage: str) -> Path:
    """Return the directory that is uploaded as a stage's code."""
    (key,) = [
        one["Code"]["S3Key"]
        for one in control.properties("AWS::Lambda::Function")
        if f".{stage}." in one["Handler"]
    ]
    return assembly / f"asset.{key.removesuffix('.zip')}"


def variables_of(control: Template, stage: str) -> dict[str, str]:
    """Return a function's environment variables, with placeholders for what CloudFormation fills in."""
    (found,) = [one for one in control.properties("AWS::Lambda::Function") if f".{stage}." in one["Handler"]]
    return {
        name: value if isinstance(value, str) else "a=b"
        for name, value in found["Environment"]["Variables"].items()
    }


@pytest.mark.parametrize("stage", SETTINGS)
def test_a_handler_imports_from_its_asset_alone(control: Template, assembly: Path, stage: str) -> None:
    """A fresh interpreter with the asset, Powertools and botocore imports the handler and all of the
    vocabulary.
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


@pytest.mark.parametrize("stage", SETTINGS)
def test_a_function_is_told_all_that_it_asks_for(control: Template, stage: str) -> None:
    """The variables in the template are what the stage's settings read, and nothing of another stage's."""
    found = variables_of(control, stage)
    settings = SETTINGS[stage].from_env(found)
    assert set(settings.to_env()) == {name for name in found if name.startswith("SLUICE_")}


@pytest.mark.parametrize("stage", SETTINGS)
def test_an_asset_has_what_it_needs_and_no_more(control: Template, assembly: Path, stage: str) -> None:
    """One stage's folder, the shared modules, and the vocabulary without what needs pydantic; no compiled
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
    """What each of the four Lambdas unpacks at a cold start is less than a third of a megabyte."""
    files = json.loads((assembly / "SluiceControl.assets.json").read_text())["files"].values()
    folders = [assembly / one["source"]["path"] for one in files if one["source"]["packaging"] == "zip"]
    assert len(folders) == 4
    assert (
        max(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) for folder in folders)
        < 333_000
    )
