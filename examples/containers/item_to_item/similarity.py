"""How alike two items are: the cosine of the angle between what the users gave the one and what they gave the
other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from containers.item_to_item.ratings import Vectors

MIN_USERS = 2
"""Two items with a single user in common cannot be compared."""
_DIGITS = 9


class Pair(NamedTuple):
    """Another item, how alike it is (0 to 1), and how many users gave something to both."""

    other: str
    similarity: float
    users: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """The ratings, by user and by item, with the length of each item's vector."""

    by_user: Vectors
    by_item: Mapping[str, Mapping[str, float]]
    lengths: Mapping[str, float]

    @classmethod
    def of(cls, by_user: Vectors) -> Matrix:
        """Return the matrix of what each user gave each item."""
        by_item: dict[str, dict[str, float]] = defaultdict(dict)
        for user, given in by_user.items():
            for item, rating in given.items():
                by_item[item][user] = rating
        lengths = {
            item: sqrt(sum(rating * rating for rating in given.values())) for item, given in by_item.items()
        }
        return cls(by_user, by_item, lengths)

    def pairs(self, item: str) -> list[Pair]:
        """Return the items after this one in the alphabet that some users gave something to as well: so each
        pair is found once.
        """
        products: dict[str, float] = defaultdict(float)
        users: dict[str, int] = defaultdict(int)
        for user, rating in self.by_item[item].items():
            for other, others_rating in self.by_user[user].items():
                if other > item:
                    products[other] += rating * others_rating
                    users[other] += 1
        found = [other for other in sorted(products) if users[other] >= MIN_USERS]
        return [Pair(other, self._cosine(products[other], item, other), users[other]) for other in found]

    def _cosine(self, product: float, item: str, other: str) -> float:
        return round(product / (self.lengths[item] * self.lengths[other]), _DIGITS)
