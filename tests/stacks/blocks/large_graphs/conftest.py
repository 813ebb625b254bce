"""The app with one pipeline of many steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App

import app as entry
from tests.stacks.blocks.large_graphs.graphs import Synthesise
from tests.stacks.synthesis import ENVIRONMENT, context
from tests.stacks.templates import Template


@pytest.fixture
def synthesise(tmp_path: Path) -> Synthesise:
    """Return what synthesises the app with one pipeline whose steps are this expression, and returns its
    templates by file name.
    """

    def templates(steps: str) -> dict[str, Template]:
        root = tmp_path / "root"
        (root / "pipelines").mkdir(parents=True)
        for name in ("sluice", "containers", "lambdas"):
            (root / name).symlink_to(entry.ROOT / name)
        (root / "pipelines" / "big.py").write_text(
            "from sluice.pipeline.definition import Job, Manual, Pipeline\npipeline = Pipeline(name='big',"
            f" triggers=[Manual()], steps={steps})\n"
        )
        app = App(outdir=str(tmp_path / "out"), context=context())
        entry.compose(app, root=root, environment=ENVIRONMENT)
        app.synth()
        return {
            path.name: Template.read(path) for path in (tmp_path / "out").glob("*Pipelines*.template.json")
        }

    return templates
