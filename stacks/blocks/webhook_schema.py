"""The schema of a webhook's body as code, in a layer of its own: the function's code is the same for every
pipeline.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fastjsonschema.exceptions
from aws_cdk import Stage
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from sluice.pipeline.definition import Pipeline
from sluice.pipeline.validation.triggers.webhooks import schema_code

MODULE = "webhook_schema"


def schema_layer(
    scope: Construct, construct_id: str, *, pipeline: Pipeline, schema: dict[str, Any]
) -> lambda_.LayerVersion:
    """Return a layer with the module ``webhook_schema``, and with the exceptions of the library that wrote
    it.

    What is in the folder ``python`` of a layer can be imported:
    https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html#python-layer-paths
    """
    stage = Stage.of(scope)
    assert stage is not None, "every construct stands in an app"  # noqa: S101
    folder = Path(stage.outdir, "schemas", pipeline.name)
    write_schema(folder / "python", schema)
    return lambda_.LayerVersion(
        scope,
        construct_id,
        description=f"Sluice: the schema of {pipeline.name}'s webhook",
        code=lambda_.Code.from_asset(str(folder)),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
    )


def write_schema(folder: Path, schema: dict[str, Any]) -> None:
    """Write the module and what it imports: of the library, nothing but the exceptions is needed where the
    code runs.
    """
    library = folder / "fastjsonschema"
    library.mkdir(parents=True, exist_ok=True)
    (folder / f"{MODULE}.py").write_text(schema_code(schema))
    shutil.copyfile(fastjsonschema.exceptions.__file__, library / "__init__.py")
