"""Reads the configuration once and composes the stacks: the entry point of ``cdk synth`` and ``cdk deploy``."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App

from sluice.errors import SluiceError
from sluice.loading import load_pipelines
from stacks.compute import ComputeStack
from stacks.configuration import Configuration
from stacks.control import ControlStack
from stacks.pipelines import PipelinesStack
from stacks.storage import StorageStack

ROOT = Path(__file__).parent


def compose(app: App, *, root: Path, environment: Mapping[str, str]) -> Configuration:
    """Add the four stacks to the app; raises SluiceError when the configuration or a pipeline has mistakes."""
    configuration = Configuration.read(app.node.try_get_context, environment)
    pipelines = load_pipelines(root)
    prefix = configuration.stack_prefix

    storage = StorageStack(app, f"{prefix}Storage", configuration=configuration)
    compute = ComputeStack(app, f"{prefix}Compute", configuration=configuration)
    control = ControlStack(
        app,
        f"{prefix}Control",
        configuration=configuration,
        root=root,
        storage=storage,
        queues=compute.queues,
        pipelines_stack=f"{prefix}Pipelines",
    )
    PipelinesStack(
        app,
        f"{prefix}Pipelines",
        configuration=configuration,
        root=root,
        pipelines=pipelines,
        storage=storage,
        queues=compute.queues,
        control=control,
    )
    return configuration


def main() -> None:
    """Synthesise, or say what is wrong in sentences and not in a traceback."""
    app = App()
    try:
        compose(app, root=ROOT, environment=os.environ)
    except SluiceError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
