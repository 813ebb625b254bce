"""Deprecated: import this from ``sluice``."""

from sluice.deprecated import moved

__getattr__ = moved(
    __name__,
    {
        "EvaluateOnExit": "sluice",
    },
)
