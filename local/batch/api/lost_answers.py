"""Fault injection: calls whose answer never arrives, though they took effect."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from local.batch.api.errors import BatchApiError

if TYPE_CHECKING:
    from collections.abc import Mapping


class LostAnswers:
    """Loses the answers of operations at these rates."""

    def __init__(self, rates: Mapping[str, float], seed: int) -> None:
        self._rates = rates
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret

    def after(self, operation: str) -> None:
        """Lose the answer of a call that was made; BatchApiError as for a failing server."""
        if self._random.random() < self._rates.get(operation, 0):
            raise BatchApiError("ServerException", "The answer was lost on its way (an injected fault).", 500)
