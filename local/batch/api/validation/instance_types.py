"""The instance types that EC2 has, as botocore's model of EC2 lists them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from botocore.loaders import Loader

from local.batch.api.errors import client_error

# https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
BUNDLES: Final = {"optimal", "default_x86_64", "default_arm64"}


def check_instance_type(name: str) -> None:
    """Refuse what is no instance type, no family and none of AWS Batch's own bundles of families."""
    if name not in BUNDLES and name not in _known():
        raise client_error(
            f"computeResources.instanceTypes must be instance types, families, {', '.join(sorted(BUNDLES))},"
            f" but got {name!r}, which EC2 does not have."
        )


# Graviton's families have a g after their generation: https://aws.amazon.com/ec2/graviton/. The first one had
# not, and the processors beside some GPUs are Arm's too.
_GRAVITON: Final = re.compile(r"[a-z]+[0-9]+g[a-z]*")
_OTHER_ARM: Final = {"a1", "default_arm64", "p6e-gb200"}


def architectures(names: Iterable[str]) -> set[str]:
    """Return the architectures of instance types, families or bundles."""
    return {_architecture(name.partition(".")[0]) for name in names}


def _architecture(family: str) -> str:
    is_arm = family in _OTHER_ARM or _GRAVITON.fullmatch(family)
    return "arm64" if is_arm else "x86_64"


@cache
def _known() -> frozenset[str]:
    """Types and families; loaded once, in a tenth of a second."""
    shapes = Loader().load_service_model("ec2", "service-2")["shapes"]
    types: list[str] = shapes["InstanceType"]["enum"]
    return frozenset([*types, *(each.partition(".")[0] for each in types)])
