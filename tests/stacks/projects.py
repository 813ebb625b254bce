"""Projects of the tests' own: other pipelines, with the rest of this repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App

import app as entry
from tests.stacks.synthesis import context

HEAD = """
from sluice.pipeline.mounts import EfsMount, HostMount
from sluice.pipeline.definition import Array, Job, Manual, Pipeline, Plan, Resubmit, S3Upload
from sluice.pipeline.retry_rules import EvaluateOnExit
from sluice.pipeline.secret_sources import Secret
"""
STEPS = """
def work(*given, **named):
    pass
"""


def project(root: Path, pipelines: Mapping[str, str]) -> Path:
    """Return a project with these pipelines, each file by its name and its text below the imports, with one
    function ``work``.
    """
    for name, text in pipelines.items():
        for folder, file, content in (
            ("pipelines", f"{name}.py", HEAD + text),
            (f"containers/{name}", "steps.py", STEPS),
        ):
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / file).write_text(content)
        (root / "containers" / name / "__init__.py").touch()
    for name in (
        "sluice",
        "lambdas",
        "containers/step",
        "containers/cleanup",
        "containers/start",
        "containers/__init__.py",
    ):
        (root / name).symlink_to(entry.ROOT / name)
    return root


def composed(root: Path, outdir: Path, environment: Mapping[str, str] | None = None) -> App:
    """Return the app of a project, which is not yet synthesised."""
    app = App(outdir=str(outdir), context=context())
    entry.compose(app, root=root, environment=environment or {})
    return app
