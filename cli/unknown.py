"""Says that a name is of no pipeline, where nothing was found for it."""

from __future__ import annotations

from botocore.exceptions import ClientError

from cli.cloud import Cloud
from cli.options import suggestion
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.errors import OperationError
from sluice.visible import visible


def about_pipeline(cloud: Cloud, name: str | None) -> str:
    """Return a sentence about a name that no deployed pipeline has, with the nearest one that one has; empty
    for any other, and where the caller may not read what is deployed.

    Runs of pipelines that are deployed no more are listed, so a name is looked up only where there is none.
    """
    if name is None:
        return ""
    try:
        names = DeployedDefinitions(cloud.client("s3"), *cloud.deployment.definitions).names
    except (ClientError, OperationError):
        return ""
    return "" if name in names else f" {visible(name)!r} is no deployed pipeline.{suggestion(name, names)}"
