"""Which local clouds run on this machine, by the locks that they hold."""

from __future__ import annotations

from local.paths import LocalCloudPaths, home
from local.server.lock import holder

_BEGINNING = "local-"


def running_ports() -> list[int]:
    """Return the ports of the clouds that run, among those with their state in the usual folder."""
    names = (path.name.removeprefix(_BEGINNING) for path in home().glob(f"{_BEGINNING}*"))
    ports = sorted(int(name) for name in names if name.isdecimal())
    return [port for port in ports if holder(LocalCloudPaths.of(port).pid_file)]
