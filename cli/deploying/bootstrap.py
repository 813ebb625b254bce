"""The CDK's bootstrap stack that deploys use: of the default qualifier, or of the one in cdk.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from local.paths import REPOSITORY
from sluice.operate.clients import Answer
from sluice.operate.removal.kept import SharedAssets

# https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
DEFAULT_QUALIFIER = "hnb659fds"
QUALIFIER_CONTEXT = "@aws-cdk/core:bootstrapQualifier"


class Identity(Protocol):
    """A client of STS; its ``meta`` has the Region."""

    meta: Any

    def get_caller_identity(self) -> Answer:
        """Return who calls."""
        ...


def qualifier_of(root: Path = REPOSITORY) -> str:
    """Return the qualifier that the app in ``root`` is synthesised with."""
    context = json.loads((root / "cdk.json").read_text()).get("context", {})
    return str(context.get(QUALIFIER_CONTEXT) or DEFAULT_QUALIFIER)


def version_parameter(qualifier: str) -> str:
    """Return the parameter of Systems Manager with the version of a bootstrap stack."""
    return f"/cdk-bootstrap/{qualifier}/version"


def bootstrap_command(qualifier: str) -> str:
    """Return the command that bootstraps for a qualifier, beside the bootstrap stacks of others."""
    if qualifier == DEFAULT_QUALIFIER:
        return "cdk bootstrap"
    return f"cdk bootstrap --qualifier {qualifier} --toolkit-stack-name CDKToolkit-{qualifier}"


def shared_assets(sts: Identity, root: Path = REPOSITORY) -> SharedAssets:
    """Return the repository and the bucket that deploys push to."""
    where = f"{sts.get_caller_identity()['Account']}-{sts.meta.region_name}"
    qualifier = qualifier_of(root)
    return SharedAssets(f"cdk-{qualifier}-container-assets-{where}", f"cdk-{qualifier}-assets-{where}")
