"""How long a regular expression may try: in step with the text, with a power of its length, or without end.

``re`` backtracks: of a text that does not match it tries every way to read its beginning. The pattern is
made into an automaton with a state for each character that it may read; it is slow where the automaton can
read the same text in several ways: https://doi.org/10.1016/0304-3975(91)90381-B. What cannot be shown to be
fast counts as slow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

# What `re` itself reads patterns with; there are no types for it.
op: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

ENDLESS = 99
"""The power of a pattern whose time doubles with each character, or of which nothing can be shown."""
_MAX_STATES, _MAX_COPIES, _MAX_STEPS = 300, 16, 400_000
# One character or more of each class that a pattern may name; the others come from the pattern itself.
_SAMPLES = "09azAZ_ \n\t\r-.@€é٣Ω"
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_NOT_DIGIT: lambda one: not one.isdecimal(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda one: not one.isspace(),
    op.CATEGORY_WORD: lambda one: one.isalnum() or one == "_",
    op.CATEGORY_NOT_WORD: lambda one: not (one.isalnum() or one == "_"),
}
_ONE_CHARACTER = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN)
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
Nodes = Sequence[tuple[Any, Any]]


class _UnknownError(Exception):
    """The pattern has something whose time is not known, such as a reference to a group, or is too large."""


def power_of(pattern: str) -> int:
    """Return the power of a text's length that bounds how long ``re.search`` takes: 1 is in step with it.

    Raises re.error for what is no pattern.
    """
    parsed = parser.parse(pattern)
    try:
        return _power(list(parsed), parsed.state.flags)
    except (_UnknownError, RecursionError):
        return ENDLESS


def _power(nodes: Nodes, flags: int, *, anchored: bool = False) -> int:
    automaton = _Automaton(nodes, flags)
    begins = anchored or _is_anchored(nodes)
    whole = automaton.add(nodes)
    if not begins:
        automaton.search_from_anywhere(whole)
    if not automaton.has_end:
        automaton.drop(whole.last)  # reading one of these is a match: nothing is tried after it
    power = _Ways(automaton).power()
    for inside, in_loop in automaton.looks:
        # What looks around is tried at each place anew.
        repeated = in_loop + (not begins)
        power = max(power, _power(inside, flags, anchored=True) + (repeated if _has_loop(inside) else 0))
    return min(power, ENDLESS)


def _is_anchored(nodes: Nodes) -> bool:
    """Return whether a match can begin at the beginning only."""
    if not nodes:
        return False
    kind, value = nodes[0]
    if kind is op.AT:
        return value in (op.AT_BEGINNING, op.AT_BEGINNING_STRING)
    if kind is op.SUBPATTERN:
        return _is_anchored(list(value[-1]))
    return kind is op.BRANCH and all(_is_anchored(list(one)) for one in value[1])


def _has_loop(nodes: Nodes) -> bool:
    return any(kind in _REPEATS or any(map(_has_loop, _inside(kind, value))) for kind, value in nodes)


def _inside(kind: Any, value: Any) -> Iterator[Nodes]:
    """Yield the sequences inside a node."""
    if kind is op.BRANCH:
        yield from (list(one) for one in value[1])
    elif kind is op.ATOMIC_GROUP:
        yield list(value)
    elif kind in (op.SUBPATTERN, op.ASSERT, op.ASSERT_NOT, *_REPEATS):
        yield list(value[-1])


@dataclass(slots=True)
class _Part:
    """A part of a pattern: whether it can be empty, and the states that it begins and ends with."""

    empty: bool
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)


class _Automaton:
    """States with the characters that each reads, as bits; ``follow`` counts the ways to the next ones."""

    def __init__(self, nodes: Nodes, flags: int) -> None:
        self._flags = flags
        self._samples = "".join(sorted({*_SAMPLES, *_named(nodes)}))
        self.reads: list[int] = []
        self.follow: list[Counter[int]] = []
        self.looks: list[tuple[Nodes, bool]] = []
        self.has_end = False
        self._loops = 0

    def add(self, nodes: Nodes) -> _Part:
        """Add a sequence."""
        whole = _Part(empty=True)
        for kind, value in nodes:
            whole = self._then(whole, self._node(kind, value))
        return whole

    def search_from_anywhere(self, whole: _Part) -> None:
        """Add what a search does before a match: it reads any character, then begins anew."""
        start = self._state((1 << len(self._samples)) - 1)
        self.follow[start].update([start, *whole.first])

    def drop(self, states: Sequence[int]) -> None:
        """Remove states."""
        for state in states:
            self.reads[state] = 0

    def _node(self, kind: Any, value: Any) -> _Part:
        if kind in _ONE_CHARACTER:
            state = self._state(self._bits(kind, value))
            return _Part(empty=False, first=[state], last=[state])
        if kind in _REPEATS:
            return self._repeat(*value)
        if kind is op.BRANCH:
            return self._either([self.add(list(one)) for one in value[1]])
        if kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
            return self.add(next(iter(_inside(kind, value))))
        return self._without_width(kind, value)

    def _either(self, parts: Sequence[_Part]) -> _Part:
        return _Part(
            empty=any(part.empty for part in parts),
            first=[state for part in parts for state in part.first],
            last=[state for part in parts for state in part.last],
        )

    def _without_width(self, kind: Any, value: Any) -> _Part:
        if kind is op.AT:
            self.has_end |= value not in (op.AT_BEGINNING, op.AT_BEGINNING_STRING)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            self.has_end = True
            self.looks.append((list(value[-1]), self._loops > 0))
        else:
            raise _UnknownError(kind)
        return _Part(empty=True)

    def _repeat(self, fewest: int, most: Any, body: Any) -> _Part:
        nodes = list(body)
        if most == 1:
            part = self.add(nodes)
            return _Part(empty=part.empty or fewest == 0, first=part.first, last=part.last)
        exact = isinstance(most, int) and most <= _MAX_COPIES and (fewest == most or _is_character(nodes))
        if exact:
            return self._copies(fewest, int(most), nodes)
        return self._loop(nodes, optional=fewest == 0)

    def _copies(self, fewest: int, most: int, nodes: Nodes) -> _Part:
        """Write a counted repetition out: the last ones can be left out, each only with those after it."""
        rest = _Part(empty=True)
        for number in range(most, 0, -1):
            rest = self._then(self.add(nodes), rest)
            rest.empty = rest.empty or number > fewest
        return rest

    def _loop(self, nodes: Nodes, *, optional: bool) -> _Part:
        self._loops += 1
        part = self.add(nodes)
        self._loops -= 1
        for state in part.last:
            self.follow[state].update(part.first)
        return _Part(empty=part.empty or optional, first=part.first, last=part.last)

    def _then(self, one: _Part, other: _Part) -> _Part:
        for state in one.last:
            self.follow[state].update(other.first)
        return _Part(
            empty=one.empty and other.empty,
            first=one.first + (other.first if one.empty else []),
            last=other.last + (one.last if other.empty else []),
        )

    def _state(self, reads: int) -> int:
        if len(self.reads) >= _MAX_STATES:
            raise _UnknownError("too large")
        self.reads.append(reads)
        self.follow.append(Counter())
        return len(self.reads) - 1

    def _bits(self, kind: Any, value: Any) -> int:
        return sum(1 << bit for bit, one in enumerate(self._samples) if self._matches(kind, value, one))

    def _matches(self, kind: Any, value: Any, one: str) -> bool:
        if kind is op.ANY:
            return one != "\n" or bool(self._flags & parser.SRE_FLAG_DOTALL)
        forms = {one, one.swapcase()} if self._flags & parser.SRE_FLAG_IGNORECASE else {one}
        if kind is op.NOT_LITERAL:
            return not any(ord(form[0]) == value for form in forms)
        items = [(kind, value)] if kind is op.LITERAL else list(value)
        found = any(_is_in(item, form[0]) for item in items for form in forms)
        return found != (items[0][0] is op.NEGATE)


def _is_in(item: tuple[Any, Any], one: str) -> bool:
    kind, value = item
    if kind is op.LITERAL:
        return bool(ord(one) == value)
    if kind is op.RANGE:
        return bool(value[0] <= ord(one) <= value[1])
    return kind is op.CATEGORY and _CATEGORIES[value](one)


def _is_character(nodes: Nodes) -> bool:
    """Return whether a sequence is one character, in a group or not."""
    if len(nodes) != 1:
        return False
    kind, value = nodes[0]
    return kind in _ONE_CHARACTER or (kind is op.SUBPATTERN and _is_character(list(value[-1])))


def _named(nodes: Nodes) -> Iterator[str]:
    """Yield the characters that a pattern names, and those beside them."""
    for kind, value in nodes:
        items = list(value) if kind is op.IN else [(kind, value)]
        for name, given in items:
            codes = [given] if name in (op.LITERAL, op.NOT_LITERAL) else given if name is op.RANGE else []
            for code in (near for one in codes for near in (one - 1, one, one + 1)):
                yield from {chr(max(0, min(code, 0x10FFFF))), *chr(max(0, min(code, 0x10FFFF))).swapcase()}
        for inside in _inside(kind, value):
            yield from _named(inside)


class _Ways:
    """In how many ways an automaton can read a text."""

    def __init__(self, automaton: _Automaton) -> None:
        self._reads = automaton.reads
        self._follow = [
            {state: ways for state, ways in after.items() if automaton.reads[state]} if reads else {}
            for after, reads in zip(automaton.follow, automaton.reads, strict=True)
        ]
        self._reach = [self._from(state) for state in range(len(self._reads))]
        self._steps = 0

    def power(self) -> int:
        """Return the power of the length in which the number of ways grows."""
        loops = self._loops()
        if any(self._is_endless(loop) for loop in loops):
            return ENDLESS
        slow = [
            (one, other)
            for one in loops
            for other in loops
            if one is not other and other[0] in self._reach[one[0]] and self._is_slow(one, other)
        ]
        return 1 + self._longest(slow, None)

    def _longest(self, slow: list[tuple[list[int], list[int]]], after: list[int] | None) -> int:
        """Return how many pairs of loops, each of which multiplies the ways, can come one after the other."""
        return max(
            (
                1 + self._longest(slow, pair[1])
                for pair in slow
                if after is None or after is pair[0] or pair[0][0] in self._reach[after[0]]
            ),
            default=0,
        )

    def _from(self, start: int) -> set[int]:
        """Return the states that can come after a state."""
        found, left = set[int](), [start]
        while left:
            new = self._follow[left.pop()].keys() - found
            found |= new
            left.extend(new)
        return found

    def _loops(self) -> list[list[int]]:
        """Return the sets of states that can all come after one another."""
        loops: list[list[int]] = []
        seen = set[int]()
        for state, after in enumerate(self._reach):
            if state in after and state not in seen:
                loops.append(sorted(other for other in after if state in self._reach[other]))
                seen.update(loops[-1])
        return loops

    def _is_endless(self, loop: list[int]) -> bool:
        """Return whether a loop can read a text in two ways and be back where it began."""
        inside = set(loop)
        if any(ways > 1 for one in loop for state, ways in self._follow[one].items() if state in inside):
            return True
        pairs: set[tuple[int, ...]] = {(one, one) for one in loop}
        forth = self._closure(pairs, lambda pair: self._next(pair, (inside, inside)))
        before: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for pair in forth:
            for following in self._next(pair, (inside, inside)):
                before.setdefault(following, []).append(pair)
        back = self._closure(pairs, lambda pair: iter(before.get(pair, ())))
        return any(pair[0] != pair[1] for pair in forth & back)

    def _is_slow(self, one: list[int], other: list[int]) -> bool:
        """Return whether a text can stay in one loop, stay in the other, and lead from the first to it."""
        between = {state for state in self._reach[one[0]] if other[0] in self._reach[state]}
        within = (set(one), between | set(one) | set(other), set(other))
        for first in one:
            for last in other:
                found = self._closure({(first, first, last)}, lambda three: self._next(three, within))
                if (first, last, last) in found:
                    return True
        return False

    def _closure(
        self,
        start: set[tuple[int, ...]],
        after: Callable[[tuple[int, ...]], Iterator[tuple[int, ...]]],
    ) -> set[tuple[int, ...]]:
        found, left = set[tuple[int, ...]](start), list[tuple[int, ...]](start)
        while left:
            for new in after(left.pop()):
                if new not in found:
                    found.add(new)
                    left.append(new)
        return found

    def _next(self, states: tuple[int, ...], within: Sequence[set[int]]) -> Iterator[tuple[int, ...]]:
        """Yield the states to which one and the same character can lead from each of these."""
        found: list[tuple[tuple[int, ...], int]] = [((), -1)]
        for state, allowed in zip(states, within, strict=True):
            found = [
                ((*before, following), both)
                for before, reads in found
                for following in self._follow[state]
                if following in allowed and (both := reads & self._reads[following])
            ]
        self._steps += len(found) + 1
        if self._steps > _MAX_STEPS:
            raise _UnknownError("too large")
        yield from (following for following, _ in found)
