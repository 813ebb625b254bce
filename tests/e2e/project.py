"""The project that the whole-path tests deploy: the app of this repository with the examples, and with
pipelines of the tests' own beside them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from cli.project import EXAMPLES
from local.deployment.synth import SOURCES
from local.paths import REPOSITORY

PIPELINES = Path(__file__).parent / "pipelines"


def project(root: Path) -> Path:
    """Make the project in a new directory ``root``, and return it."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=ignored)
        elif source.exists():
            root.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, root / name)
    shutil.rmtree(root / "pipelines")
    own = PIPELINES.parent
    for source in (EXAMPLES, own, own / "access", own / "accounts", own / "machines"):
        for name in ("pipelines", "containers"):
            if (source / name).is_dir():
                shutil.copytree(source / name, root / name, dirs_exist_ok=True, ignore=ignored)
    (root / ".venv").symlink_to(REPOSITORY / ".venv")
    return root
