"""DynamoDB as weak as it is: an index that lags, reads that see a part of a transaction, reads that are not
consistent, keys that it does not get to.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sluice.testing.memory.expressions import Item
from sluice.testing.memory.tables import Key, Table
from tests.matrix.actors import Actor, Actors

STALE_SECONDS = 1.0
"""How old what an eventually consistent read returns may be:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
"""


@dataclass(slots=True)
class TableWeakness:
    """How weak it is: seconds by which the index lags, and shares of calls."""

    index_lag: float = 0.0
    torn: float = 0.0
    stale: float = 0.0
    unprocessed: float = 0.0


class WeakTable(Table):
    """A table whose answers are as old and as incomplete as DynamoDB's may be."""

    def __init__(
        self,
        name: str,
        written: Callable[[Key, Item], None],
        *,
        actors: Actors,
        draw: random.Random,
        weakness: TableWeakness,
    ) -> None:
        """Hold nothing."""
        super().__init__(name, written)
        self.weakness = weakness
        self._actors, self._clock, self._draw = actors, actors.clock, draw
        self._changes: deque[tuple[float, Key, Item | None]] = deque()
        self._writer: Actor | None = None
        self._transaction: tuple[float, dict[Key, Item | None]] = (-1.0, {})

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Write all or nothing, which a read in flight may see one by one (read-committed), and none that
        begins when the answer is there.

        Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
        """
        seen = len(self._changes)
        answer = super().transact_write_items(**request)
        new = list(self._changes)[seen:]
        if new:
            self._writer = self._actors.current
            self._transaction = self._clock.seconds, {key: before for _, key, before in new}
        return answer

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Remove an item, if it is there."""
        key = request["Key"]["pk"]["S"], request["Key"]["sk"]["S"]
        self._changes.append((self._clock.seconds, key, self.items.get(key)))
        return super().delete_item(**request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Return the items of a partition, or of the sparse index, as they are or were a little earlier."""
        if request.get("IndexName"):
            lag = self._draw.uniform(0, self.weakness.index_lag)
            return self._as_if(self._before(self._clock.seconds - lag), super().query, request)
        return self._as_if(self._unseen(request), super().query, request)

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Return an item, as it is or, where that is not asked for, was a little earlier."""
        stale = {} if request.get("ConsistentRead") else self._stale()
        return self._as_if(stale, super().get_item, request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Return several items, perhaps not all, and perhaps one of them before and one after the same
        transaction.
        """
        asked = request["RequestItems"][self.name]
        keys, left = list(asked["Keys"]), list[Item]()
        if self._draw.random() < self.weakness.unprocessed:
            got = self._draw.randrange(len(keys))
            keys, left = keys[:got], keys[got:]
        part = {"RequestItems": {self.name: {**asked, "Keys": keys}}}
        answer = self._as_if(self._unseen(asked), super().batch_get_item, part)
        if left:
            answer["UnprocessedKeys"] = {self.name: {**asked, "Keys": left}}
        return answer

    def _unseen(self, request: dict[str, Any]) -> dict[Key, Item | None]:
        """Return the writes that a read does not see: of a transaction that was under way when the read
        began, and late ones when it need not be consistent.
        """
        found = {} if request.get("ConsistentRead") else self._stale()
        at, before = self._transaction
        actor = self._actors.current
        is_beside = actor is not None and actor is not self._writer and actor.call_began < at
        if is_beside and self._draw.random() < self.weakness.torn:
            found |= {key: item for key, item in before.items() if self._draw.random() < 0.5}
        return found

    def _stale(self) -> dict[Key, Item | None]:
        if self._draw.random() >= self.weakness.stale:
            return {}
        return self._before(self._clock.seconds - self._draw.uniform(0, STALE_SECONDS))

    def _before(self, then: float) -> dict[Key, Item | None]:
        """Return what has changed since, as it was then."""
        found: dict[Key, Item | None] = {}
        for at, key, before in reversed(self._changes):
            if at <= then:
                break
            found[key] = before
        return found

    def _as_if(
        self,
        old: dict[Key, Item | None],
        read: Callable[..., dict[str, Any]],
        request: dict[str, Any],
    ) -> dict[str, Any]:
        """Read while these items are as they were."""
        if not old:
            return read(**request)
        now = {key: self.items.get(key) for key in old}
        self._put_all(old)
        try:
            return read(**request)
        finally:
            self._put_all(now)

    def _put_all(self, items: dict[Key, Item | None]) -> None:
        for key, item in items.items():
            if item is None:
                self.items.pop(key, None)
            else:
                self.items[key] = item

    def _write(self, key: Key, item: Item) -> None:
        now = self._clock.seconds
        self._changes.append((now, key, self.items.get(key)))
        oldest = now - max(self.weakness.index_lag, STALE_SECONDS) - 1
        while self._changes[0][0] < oldest:
            self._changes.popleft()
        super()._write(key, item)
