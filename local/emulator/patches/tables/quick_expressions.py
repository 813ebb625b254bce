"""Mended: an expression is read once, and not for each item that it is about.

A transaction of a hundred items has the same condition a hundred times, and ministack reads it twice for
each: a third of what the transaction takes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ministack.services import (
    dynamodb,
)

_KEPT = 1_024
"""Expressions that are remembered; their values are none of them."""


def read_expressions_once() -> None:
    """Let ministack remember what an expression's text consists of, and whether its grammar is right."""
    tokens_of = lru_cache(_KEPT)(dynamodb._tokenize)

    def tokens(text: str) -> list[Any]:
        # A list of the caller's own: what is remembered stays as it is.
        return list(tokens_of(text))

    dynamodb._tokenize = tokens
    dynamodb._condition_syntax_error = lru_cache(_KEPT)(dynamodb._condition_syntax_error)
