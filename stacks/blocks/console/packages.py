"""What the console's function consists of: its code with the built page, and a layer with the packages that
``console/requirements.txt`` names by their hashes, for Lambda's machines.

The packages are fetched at synthesis, and only where the console is deployed; the other functions stay as
lean as they are.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from sluice.errors import SluiceError

REQUIREMENTS = Path("console", "requirements.txt")
PAGE = Path("console", "page", "dist")
# Lambda's Python 3.13 runs on Amazon Linux 2023, whose glibc is 2.34:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_GLIBCS = (34, 28, 17)
_PLATFORMS = (*(f"manylinux_2_{one}_aarch64" for one in _GLIBCS), "manylinux2014_aarch64")
_PYTHON = "3.13"
NOT_FOR_THE_CONSOLE = (
    "pipeline",
    "runtime",
    "testing",
    "steps",
    "mounts",
    "retry_rules",
    "secret_sources",
    "trigger",
)
"""What of the core needs pydantic, or is for jobs and tests."""
_ONLY_ON_LOOPBACK = ("catalog.py", "serving.py")


class ConsolePackagesError(SluiceError):
    """The console's packages could not be fetched, or its page is not built."""


def console_code(root: Path) -> lambda_.Code:
    """Return the console's code; raises ConsolePackagesError where its page is not built."""
    if not (root / PAGE / "index.html").is_file():
        raise ConsolePackagesError(
            f"Expected the console's page in {root / PAGE}, found none. `make setup` builds it."
        )
    own = ["!console/**/*.py", "!console/*.py", f"!{PAGE}/**"]
    own += [f"console/{name}" for name in _ONLY_ON_LOOPBACK]
    core = ["!sluice/**/*.py", "!sluice/*.py"]
    core += [f"sluice/{name}{end}" for name in NOT_FOR_THE_CONSOLE for end in (".py", "")]
    return lambda_.Code.from_asset(
        str(root), exclude=["*", *own, *core, "**/__pycache__"], ignore_mode=IgnoreMode.DOCKER
    )


def packages_layer(scope: Construct, construct_id: str, *, root: Path) -> lambda_.LayerVersion:
    """Return a layer with the packages; raises ConsolePackagesError when they cannot be fetched."""
    return lambda_.LayerVersion(
        scope,
        construct_id,
        description="Sluice: the packages of the console",
        code=lambda_.Code.from_asset(str(fetched(root / REQUIREMENTS, Path(sys.prefix)))),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        compatible_architectures=[lambda_.Architecture.ARM_64],
    )


def fetched(requirements: Path, kept: Path) -> Path:
    """Return a folder of ``kept`` with the packages below ``python``; what was fetched before is not fetched
    again.
    """
    name = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    folder = kept / f"console-packages-{name}"
    if folder.is_dir():
        return folder
    building = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=kept))
    try:
        _install(requirements, building / "python")
        building.chmod(0o755)
        _keep(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _keep(building: Path, folder: Path) -> None:
    """Give the folder its name, unless another process has fetched the same meanwhile."""
    try:
        building.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _install(requirements: Path, target: Path) -> None:
    """Install wheels for Lambda's machines, each with the hash that stands in the file, and nothing else."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary", ":all:"]
    command += ["--implementation", "cp", "--python-version", _PYTHON]
    command += [part for platform in _PLATFORMS for part in ("--platform", platform)]
    command += ["--target", str(target), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip, our file
    if done.returncode:
        raise ConsolePackagesError(
            f"Expected pip to fetch the packages of {requirements}, found: {done.stderr.strip()[-2000:]}"
        )
