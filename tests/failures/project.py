"""The project whose pipelines fail, each in its own way."""

from __future__ import annotations

import shutil
from pathlib import Path

from local.paths import REPOSITORY
from tests.failures.ways import WAYS

_STEPS = Path(__file__).with_name("steps.py")


def project(root: Path) -> Path:
    """Make the project in a new folder ``root``, and return it."""
    (root / "pipelines").mkdir(parents=True)
    (root / "sluice.toml").write_text("[settings]\n")
    for name, pipeline in WAYS.items():
        module = name.replace("-", "_")
        text = (
            f"import sys\n\nsys.path.append({str(REPOSITORY)!r})\n"
            f"from tests.failures.ways import WAYS\n\npipeline = WAYS[{name!r}]\n"
        )
        (root / "pipelines" / f"{module}.py").write_text(text)
        if any(step.run for step in pipeline.steps):
            folder = root / "containers" / module
            folder.mkdir(parents=True)
            shutil.copy(_STEPS, folder)
    return root
