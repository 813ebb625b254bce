"""The function of a step: loads it, and notes when it begins."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

from sluice.errors import SettingError
from sluice.run.compiled import Kind

Function = Callable[..., Any]
"""What the user wrote for a step."""
_WITHOUT_FUNCTION = (Kind.CLEANUP, Kind.GATE)


class StepFunction:
    """The function that the word of a job names, ``module:function``.

    ``begun`` says whether the user's code was called. Until then the job has done nothing that another
    attempt could not do as well. The function of a start job is Sluice's own, and never begins in this sense.
    """

    def __init__(self, word: str) -> None:
        self.word = word
        self.begun = False

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
        return function if kind is Kind.START else self._noted(function)

    def _noted(self, function: Function) -> Function:
        # Wrapped, so that the parameters of the function can still be looked at.
        @wraps(function)
        def call(*positional: Any, **named: Any) -> Any:
            self.begun = True
            return function(*positional, **named)

        return call
