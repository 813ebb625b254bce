"""The entry point of ``cdk synth`` and ``cdk deploy``: reads the settings once and composes the stacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Annotations, App

from sluice.errors import SluiceError
from sluice.pipeline.compiling import queues_of
from sluice.pipeline.definition import MultiNode
from sluice.pipeline.loading import load_pipelines
from stacks.compute import ComputeStack
from stacks.configuration import Configuration, variable
from stacks.control import ControlStack
from stacks.pipelines import PipelinesStack
from stacks.storage import StorageStack

ROOT = Path(__file__).parent
RETAINED_DEFINITIONS = "SLUICE_RETAINED_DEFINITIONS"


def compose(app: App, *, root: Path, environment: Mapping[str, str]) -> Configuration:
    """Add the four stacks to the app; raises SluiceError when the configuration or a pipeline has
    mistakes.
    """
    configuration = Configuration.read(app.node.try_get_context, environment)
    found = load_pipelines(root, configuration.offered)
    pipelines = [pipeline for pipeline in found if not configuration.offered.leaves_out(pipeline)]
    connect_nodes = any(isinstance(step, MultiNode) for pipeline in pipelines for step in pipeline.steps)
    prefix = configuration.stack_prefix

    storage = StorageStack(app, f"{prefix}Storage", configuration=configuration)
    queues = queues_of(pipelines) | set(configuration.keep_queues)
    compute = ComputeStack(
        app,
        f"{prefix}Compute",
        configuration=configuration,
        queues=queues or {"normal"},
        connect_nodes=connect_nodes,
    )
    control = ControlStack(
        app,
        f"{prefix}Control",
        configuration=configuration,
        root=root,
        storage=storage,
        queues=compute.queues,
        pipelines_stack=f"{prefix}Pipelines",
    )
    control.add_stack_dependency(
        compute, "It names queues, and imports nothing that would keep them from being removed."
    )
    stack = PipelinesStack(
        app,
        f"{prefix}Pipelines",
        configuration=configuration,
        root=root,
        pipelines=pipelines,
        storage=storage,
        queues=compute.queues,
        control=control,
        retained_definitions=_retained_definitions(environment),
    )
    for pipeline in (one for one in found if one not in pipelines):
        left_out = (
            f"The pipeline {pipeline.name} is left out: it is deployed with"
            f" {variable(str(pipeline.only_with))}=true only."
        )
        Annotations.of(stack).add_info(left_out)
    return configuration


def _retained_definitions(environment: Mapping[str, str]) -> list[str]:
    """Return the names of the job definitions that earlier deploys left: `make deploy` looks them up, and
    names the file with one a line.
    """
    file = environment.get(RETAINED_DEFINITIONS)
    return Path(file).read_text().split() if file else []


def main() -> None:
    """Synthesise, or exit with what is wrong in sentences, without a traceback."""
    app = App()
    try:
        compose(app, root=ROOT, environment=os.environ)
    except SluiceError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
