"""Deprecated: import this from ``sluice.steps``."""

from sluice.deprecated import moved

__getattr__ = moved(
    __name__,
    {
        "Node": "sluice.steps",
    },
)
