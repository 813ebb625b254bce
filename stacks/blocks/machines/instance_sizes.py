"""The vCPUs of instance types, as far as their names say."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST = 100_000
"""More than any machine has: what is taken for a type whose size its name does not say."""
_SMALL = {"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4}
_MULTIPLE = re.compile(r"(\d+)xlarge")


def largest(instance_types: Iterable[str]) -> int:
    """Return the most vCPUs that a machine of these types or families may have; ``MOST`` where a family, or
    bare metal, leaves that open.

    An ``xlarge`` of any current family has four vCPUs, and the others are multiples of it; some have fewer:
    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html
    """
    return max(map(_vcpus, instance_types), default=MOST)


def _vcpus(instance_type: str) -> int:
    _, _, size = instance_type.partition(".")
    if found := _MULTIPLE.fullmatch(size):
        return 4 * int(found[1])
    return _SMALL.get(size, MOST)
