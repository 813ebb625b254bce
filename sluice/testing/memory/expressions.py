"""DynamoDB's condition and update expressions, as far as any caller has needed them; what is unknown is
refused, never ignored.

Source:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Item = dict[str, Any]
Names = Mapping[str, str]
_Test = Callable[[Item, Names, Item], bool]
_Value = Callable[[Item, Names, Item], Any]
_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z_][\w.]*)|(<=|>=|<>|[=<>(),+-]))")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CLAUSES = ("SET", "REMOVE", "ADD")


def holds(expression: str | None, item: Item, names: Names, values: Item) -> bool:
    """Return whether a condition holds for an item ({} for one that is not there)."""
    return expression is None or _condition(expression)(item, names, values)


def updated(expression: str, item: Item, names: Names, values: Item) -> Item:
    """Return the item as an update expression leaves it; every value is read before any is written."""
    result = dict(item)
    for name, value in _update(expression):
        place = names[name] if name.startswith("#") else name
        found = value(item, names, values) if value else None
        if found is None:
            result.pop(place, None)
        else:
            result[place] = found
    return result


@cache
def _condition(expression: str) -> _Test:
    reader = _Reader(expression)
    test = reader.either()
    reader.end()
    return test


@cache
def _update(expression: str) -> list[tuple[str, _Value | None]]:
    return list(_Reader(expression).changes())


def comparable(value: dict[str, Any] | None) -> Any:
    """Return an attribute as something that compares; None for one that is not there."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, at = text, list[str](), 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"Expected an expression of DynamoDB, found {text[at:]!r} in {text!r}.")
            self._tokens.append(found[1] or found[2])
            at = found.end()

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, *expected: str) -> str:
        token = self._tokens.pop(0) if self._tokens else ""
        if expected and token.upper() not in expected:
            raise ValueError(f"Expected {expected}, found {token!r} in {self._text!r}.")
        return token

    def end(self) -> None:
        if self._tokens:
            raise ValueError(f"Expected an end, found {self._tokens} in {self._text!r}.")

    def either(self) -> _Test:
        tests = [self._both()]
        while self._peek().upper() == "OR":
            self._take()
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda *given: any(test(*given) for test in tests)

    def _both(self) -> _Test:
        tests = [self._one()]
        while self._peek().upper() == "AND":
            self._take()
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda *given: all(test(*given) for test in tests)

    def _one(self) -> _Test:
        if self._peek().upper() == "NOT":
            self._take()
            inner = self._one()
            return lambda *given: not inner(*given)
        if self._peek() == "(":
            self._take()
            inner = self.either()
            self._take(")")
            return inner
        if self._peek() in ("attribute_exists", "attribute_not_exists", "begins_with", "contains"):
            return self._function()
        return self._comparison()

    def _function(self) -> _Test:
        name = self._take()
        self._take("(")
        first = self._operand()
        second = self._operand() if name in ("begins_with", "contains") and self._take(",") else None
        self._take(")")
        if second is None:
            there = name == "attribute_exists"
            return lambda *given: (first(*given) is not None) is there
        found = str.startswith if name == "begins_with" else operator.contains
        return lambda *given: (
            first(*given) is not None and found(comparable(first(*given)), comparable(second(*given)))
        )

    def _comparison(self) -> _Test:
        left, word = self._operand(), self._take().upper()
        if word == "IN":
            self._take("(")
            among = [self._operand()]
            while self._take(",", ")") == ",":
                among.append(self._operand())
            return lambda *given: any(left(*given) == each(*given) for each in among)
        compare, right = _COMPARISONS[word], self._operand()

        def test(*given: Any) -> bool:
            one, other = left(*given), right(*given)
            if one is None or other is None or one.keys() != other.keys():
                return word == "<>" and one is not None
            return compare(comparable(one), comparable(other))

        return test

    def _operand(self) -> _Value:
        word = self._take()
        if word == "if_not_exists":
            self._take("(")
            here = self._operand()
            self._take(",")
            otherwise = self._operand()
            self._take(")")
            return lambda *given: here(*given) if here(*given) is not None else otherwise(*given)
        if word.startswith(":"):
            return lambda item, names, values: values[word]
        return lambda item, names, values: item.get(names[word] if word.startswith("#") else word)

    def changes(self) -> Any:
        """Yield (attribute, its new value, or None to remove it)."""
        clause = self._take(*_CLAUSES).upper()
        while True:
            name = self._take()
            if clause == "SET":
                self._take("=")
                yield name, self._sum()
            else:
                yield name, _added(name, self._operand()) if clause == "ADD" else None
            if not self._peek():
                return
            if self._peek() == ",":
                self._take()
            else:
                clause = self._take(*_CLAUSES).upper()

    def _sum(self) -> _Value:
        first = self._operand()
        if self._peek() not in ("+", "-"):
            return first
        sign, second = (1 if self._take() == "+" else -1), self._operand()
        return lambda *given: {"N": str(comparable(first(*given)) + sign * comparable(second(*given)))}


def _added(name: str, value: _Value) -> _Value:
    def total(item: Item, names: Names, values: Item) -> Item:
        before = item.get(names[name] if name.startswith("#") else name, {"N": "0"})
        return {"N": str(comparable(before) + comparable(value(item, names, values)))}

    return total
