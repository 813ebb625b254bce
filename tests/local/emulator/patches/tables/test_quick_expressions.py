"""An expression that is remembered means what it meant before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import (
    dynamodb,
)

from local.emulator.patches.tables.quick_expressions import read_expressions_once

TOKENIZE, GRAMMAR = dynamodb._tokenize, dynamodb._condition_syntax_error
CONDITION = "attribute_not_exists(pk) OR #order <= :order"
TEXTS = st.sampled_from([CONDITION, "a = :a", "(a = :a", "a = = :a", "NOT a", "SET #a = :b", "a[0].b < c"])


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember expressions while a test runs."""
    monkeypatch.setattr(dynamodb, "_tokenize", TOKENIZE)
    monkeypatch.setattr(dynamodb, "_condition_syntax_error", GRAMMAR)
    read_expressions_once()


@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_each_is_read_as_before_however_often(texts: list[str]) -> None:
    """Also what is wrong with it, by the parameter that it stands in."""
    for text in [*texts, *texts]:
        assert dynamodb._tokenize(text) == TOKENIZE(text)
        for slot in ("ConditionExpression", "FilterExpression"):
            assert dynamodb._condition_syntax_error(text, slot) == GRAMMAR(text, slot)


def test_what_a_caller_does_to_its_tokens_is_its_own() -> None:
    """The next one has all of them."""
    dynamodb._tokenize(CONDITION).clear()
    assert dynamodb._tokenize(CONDITION) == TOKENIZE(CONDITION)


def test_it_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction of a hundred items costs one reading, and not two hundred."""
    read: list[str] = []

    def tokenize(text: str) -> Any:
        read.append(text)
        return TOKENIZE(text)

    monkeypatch.setattr(dynamodb, "_tokenize", tokenize)
    read_expressions_once()
    for _ in range(100):
        assert dynamodb._evaluate_condition("attribute_not_exists(pk)", {}, {}, {})
    assert read == ["attribute_not_exists(pk)"]
