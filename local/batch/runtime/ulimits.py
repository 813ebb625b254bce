"""A container's ulimits for a process of this machine: util-linux's `prlimit` sets them before the program
starts.
"""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Sequence
from functools import cache
from typing import Any

# What this interpreter can ask for of the names that Batch knows:
# https://docs.aws.amazon.com/batch/latest/APIReference/API_Ulimit.html
_KNOWN = {
    name.removeprefix("RLIMIT_").lower(): number
    for name, number in vars(resource).items()
    if name.startswith("RLIMIT_")
}
_UNLIMITED = -1


def limited(argv: tuple[str, ...], ulimits: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The command line under these limits; as it is where there are none, or no `prlimit`.

    A user other than root may lower a hard limit and never raise it: what is beyond this process's own limit
    is brought down to it.
    """
    program = _prlimit()
    if not ulimits or not argv or program is None:
        return argv
    return (program, *(_option(each) for each in ulimits), "--", *argv)


@cache
def _prlimit() -> str | None:
    return shutil.which("prlimit")


def _option(limit: dict[str, Any]) -> str:
    name, soft, hard = limit["name"], int(limit["softLimit"]), int(limit["hardLimit"])
    if os.geteuid() != 0 and name in _KNOWN:
        maximum = resource.getrlimit(_KNOWN[name])[1]
        soft, hard = _capped(soft, maximum), _capped(hard, maximum)
    return f"--{name}={_text(soft)}:{_text(hard)}"


def _capped(limit: int, maximum: int) -> int:
    if maximum == resource.RLIM_INFINITY:
        return limit
    return maximum if limit == _UNLIMITED else min(limit, maximum)


def _text(limit: int) -> str:
    return "unlimited" if limit == _UNLIMITED else str(limit)
