"""What is uploaded as the console's code and packages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import app as entry
from stacks.blocks.console.packages import (
    NOT_FOR_THE_CONSOLE,
    REQUIREMENTS,
    ConsolePackagesError,
    console_code,
    fetched,
)
from tests.stacks.assets import published
from tests.stacks.blocks.console.test_address import function_of, settings_of
from tests.stacks.templates import Template

# What Lambda has, and what the layer's machine code stands for on this machine.
_OF_THIS_MACHINE = (
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
    "cryptography",
    "cffi",
    "_cffi_backend",
    "certifi",
)
_IMPORT = f"""
import sys
class Allowed:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        own = top in sys.stdlib_module_names or top in {_OF_THIS_MACHINE!r}
        own = own or top.startswith("_sysconfigdata")
        if not own and top not in ("console", "sluice") and top not in sys.argv[1].split(","):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Allowed())
import console.deployed, console, sluice, mangum, starlette
assert callable(console.deployed.handler)
print(console.__file__, sluice.__file__, mangum.__file__, starlette.__file__, sep="\\n")
"""


@pytest.fixture(scope="module")
def code(control: Template, assembly: Path) -> Path:
    """The folder that is uploaded as the code."""
    return published(assembly, function_of(control)["Code"]["S3Key"])


@pytest.fixture(scope="module")
def layer(control: Template, assembly: Path) -> Path:
    """The folder that is uploaded as the layer."""
    (found,) = [
        one for one in control.properties("AWS::Lambda::LayerVersion") if "console" in one["Description"]
    ]
    return published(assembly, found["Content"]["S3Key"]) / "python"


def test_the_handler_imports_from_its_code_and_its_layer_alone(
    control: Template, code: Path, layer: Path
) -> None:
    """A fresh interpreter with both, and with what Lambda has; machine code is this machine's."""
    packages = [path for path in sys.path if path.endswith("site-packages")]
    environment = {
        **settings_of(control).to_env(),
        "PYTHONPATH": os.pathsep.join([str(code), *packages, str(layer)]),
        "PATH": os.environ["PATH"],
    }
    names = {path.name.removesuffix(".py") for path in layer.iterdir()} - {"cryptography", "cffi"}
    command = [sys.executable, "-S", "-B", "-c", _IMPORT, ",".join(sorted(names))]
    done = subprocess.run(
        command, env=environment, cwd=code, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    console, sluice, *_ = done.stdout.splitlines()
    assert Path(console).is_relative_to(code)
    assert Path(sluice).is_relative_to(code)


def test_the_code_has_the_page_and_no_sources_of_it(code: Path) -> None:
    """Nor what needs pydantic, nor compiled files; and it is small."""
    assert {path.name for path in code.iterdir()} == {"console", "sluice"}
    assert (code / "console" / "page" / "dist" / "index.html").is_file()
    assert not (code / "console" / "page" / "src").exists()
    assert not [one for one in NOT_FOR_THE_CONSOLE if (code / "sluice" / one).exists()]
    assert not list(code.rglob("__pycache__"))
    assert sum(path.stat().st_size for path in code.rglob("*") if path.is_file()) < 2_000_000


def test_the_layer_is_what_is_locked_for_lambdas_machines(layer: Path) -> None:
    """Each package by its locked version; machine code for Arm and Lambda's Python."""
    locked = dict(re.findall(r"^([\w-]+)==([\w.]+)", (entry.ROOT / REQUIREMENTS).read_text(), re.MULTILINE))
    there = dict(path.name.removesuffix(".dist-info").split("-", 1) for path in layer.glob("*.dist-info"))
    assert there == {name.replace("-", "_"): version for name, version in locked.items()}
    compiled = list(layer.rglob("*.so"))
    assert compiled
    arm = b"\xb7\x00"
    assert [path.name for path in compiled if path.read_bytes()[18:20] != arm] == []
    tagged = [path.name for path in compiled if ".cpython-" in path.name]
    assert [name for name in tagged if "cpython-313-aarch64" not in name] == []
    assert sum(path.stat().st_size for path in layer.rglob("*") if path.is_file()) < 30_000_000


def test_packages_are_fetched_once(tmp_path: Path) -> None:
    """By the content of the file: what was fetched before stays."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    first = fetched(requirements, tmp_path)
    (first / "python").mkdir(exist_ok=True)
    (first / "python" / "mark").touch()
    assert (fetched(requirements, tmp_path) / "python" / "mark").exists()
    requirements.write_text("# another\n")
    assert fetched(requirements, tmp_path) != first
    assert not list(tmp_path.glob("*.*.*"))


def test_a_package_without_its_hash_is_refused(tmp_path: Path) -> None:
    """And nothing half-fetched is left."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("idna==3.20\n")
    with pytest.raises(ConsolePackagesError, match="hash"):
        fetched(requirements, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["requirements.txt"]


def test_a_page_that_is_not_built_is_refused(tmp_path: Path) -> None:
    """With what builds it."""
    with pytest.raises(ConsolePackagesError, match="make setup"):
        console_code(tmp_path)
