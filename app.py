"""The entry point of ``cdk synth`` and ``cdk deploy``: reads the settings once and composes the stacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from aws_cdk import Annotations, App

from console.catalog import text_of_catalog
from sluice.errors import SluiceError
from sluice.pipeline.backfills import BackfillPipelines
from sluice.pipeline.definition import MultiNode, Pipeline
from sluice.pipeline.loading import load_pipelines
from stacks.account import fit_into_account
from stacks.blocks.large_graphs.definition_size import check_definition_sizes
from stacks.blocks.large_graphs.stack_size import check_template_sizes
from stacks.compute import ComputeStack
from stacks.configuration import Configuration, variable
from stacks.control import ControlStack
from stacks.pipelines import PipelinesStack
from stacks.project import SETTINGS, VARIABLE, chosen_settings, read_project
from stacks.storage import StorageStack

ROOT = Path(__file__).parent
RETAINED_DEFINITIONS = "SLUICE_RETAINED_DEFINITIONS"


def compose(app: App, *, root: Path, environment: Mapping[str, str]) -> Configuration:
    """Add the four stacks for the project in ``root`` to the app; raises SluiceError when the configuration
    or a pipeline has mistakes.
    """
    context, variables = app.node.try_get_context, read_project(root).variables(environment)
    configuration = Configuration.read(context, variables)
    found = load_pipelines(root, configuration.offered)
    pipelines = [pipeline for pipeline in found if not configuration.offered.leaves_out(pipeline)]
    connect_nodes = any(isinstance(step, MultiNode) for pipeline in pipelines for step in pipeline.steps)
    prefix = configuration.stack_prefix

    storage = StorageStack(app, f"{prefix}Storage", configuration=configuration)
    queues = BackfillPipelines(pipelines).queues | set(configuration.keep_queues)
    compute = ComputeStack(
        app,
        f"{prefix}Compute",
        configuration=configuration,
        queues=queues or {"normal"},
        connect_nodes=connect_nodes,
        owners=_with_own_machines(pipelines),
    )
    control = ControlStack(
        app,
        f"{prefix}Control",
        configuration=configuration,
        root=ROOT,
        storage=storage,
        queues=compute.queues,
        pipelines_stack=f"{prefix}Pipelines",
    )

    def text_of(name: str) -> str:
        given = context(name)
        return str(variables[variable(name)] if given is None else given)

    chosen = chosen_settings(configuration, text_of)
    control.template_options.metadata = {SETTINGS: chosen}
    control.add_stack_dependency(
        compute, "It names queues, and imports nothing that would keep them from being removed."
    )
    stack = PipelinesStack(
        app,
        f"{prefix}Pipelines",
        configuration=configuration,
        root=ROOT,
        project=root,
        pipelines=pipelines,
        storage=storage,
        queues=compute.queues,
        control=control,
        retained_definitions=_retained_definitions(environment),
        catalog=text_of_catalog(pipelines) if configuration.console else None,
    )
    for pipeline in (one for one in found if one not in pipelines):
        left_out = (
            f"The pipeline {pipeline.name} is left out: it is deployed with"
            f" {variable(str(pipeline.only_with))}=true only."
        )
        Annotations.of(stack).add_info(left_out)
    fit_into_account(app, configuration)
    return configuration


def _with_own_machines(pipelines: Iterable[Pipeline]) -> list[Pipeline]:
    return [pipeline for pipeline in pipelines if pipeline.machines == "own"]


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
        compose(app, root=Path(os.environ.get(VARIABLE) or ROOT), environment=os.environ)
        assembly = Path(app.synth().directory)
        check_template_sizes(assembly)
        check_definition_sizes(assembly)
    except SluiceError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
