"""Deprecated: import these from ``sluice``."""

from sluice.deprecated import moved

__getattr__ = moved(
    __name__,
    {
        "EfsMount": "sluice",
        "HostMount": "sluice",
    },
)
