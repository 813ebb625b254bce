"""The function of a step: loads it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from sluice.errors import SettingError
from sluice.run.compiled import Kind

Function = Callable[..., Any]
"""What the user wrote for a step."""
_WITHOUT_FUNCTION = (Kind.CLEANUP, Kind.GATE)


class StepFunction:
    """The function that the word of a job names, ``module:function``."""

    def __init__(self, word: str) -> None:
        self.word = word

    def load(self, kind: Kind) -> Function | None:
        """Import and return the function; None for the kinds that have none. Raises SettingError."""
        if kind in _WITHOUT_FUNCTION:
            return None
        module, _, name = self.word.partition(":")
        if not name:
            raise SettingError(
                f"Expected <module>:<function> for a step of the kind {kind}, found {self.word!r}. Deploy all"
                " stacks together."
            )
        function: Function = getattr(import_module(module), name)
        return function
