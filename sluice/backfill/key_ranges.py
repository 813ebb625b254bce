"""Cuts what is left of a listing into ranges of keys, without knowing which keys there are. Pure.

S3 lists keys by the bytes of their UTF-8 form, which is the order of their code points, and so that of
Python's texts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sluice.limits import MAX_KEY_BYTES

LAST = "\U0010fffd"
"""Behind all that stands in keys: the last character that XML has, but for two that are none."""
_ALPHABET = 256
"""Characters that are remembered of what was listed; more make no better cuts."""


@dataclass(slots=True)
class KeyRange:
    """Keys after ``start`` up to and with ``last``; without a ``last`` up to the end of the prefix.

    ``after`` is the last one that was listed, or the start. ``marker`` is what the next call continues with,
    ``pages`` counts those that were listed since the range was last cut, and ``varies_at`` is from which
    character on the keys of its last page differ.
    """

    prefix: str
    start: str = ""
    last: str | None = None
    after: str = ""
    marker: dict[str, str] = field(default_factory=dict)
    pages: int = 0
    varies_at: int = 0

    def holds(self, key: str) -> bool:
        """Return whether a key is one of its own."""
        return self.start < key and not self._ends_before(key)

    def listed(self, keys: Sequence[str], marker: dict[str, str] | None) -> bool:
        """Record a page with these keys, in their order; return whether there is more. ``marker`` continues
        behind it, None where the bucket has nothing more.
        """
        self.pages += 1
        self.marker = marker or {}
        if keys:
            self.after = keys[-1]
            self.varies_at = _shared(keys[0], keys[-1])
        return marker is not None and not (keys and self._ends_before(keys[-1]))

    def _ends_before(self, key: str) -> bool:
        return self.last is not None and key > self.last

    def cut(self, alphabet: Collection[str]) -> KeyRange | None:
        """Cut off, and return, the later part of what is left; None where no cut is known.

        Where it is cut says only how the work is shared: the parts together are always what the range was.
        """
        at = _between(self.prefix, self.after, self.last, self.varies_at, alphabet)
        if at is None:
            return None
        rest = KeyRange(self.prefix, start=at, last=self.last, after=at)
        self.last, self.pages = at, 0
        return rest


def _between(
    prefix: str, after: str, last: str | None, varies_at: int, alphabet: Collection[str]
) -> str | None:
    """Return a text between the last key that was listed and the end of a range.

    Keys in order differ in few characters at their ends, and have more and more of their beginnings in
    common. Where the keys of a page have more in common than those of the range are known to have, the cut is
    behind all that begins with half of it. Where they differ at once, it is in the middle of the characters
    that were seen.
    """
    end = prefix + LAST if last is None else last
    shared = _shared(after, end)
    if varies_at > shared + 1:
        found = after[: (shared + varies_at + 1) // 2] + LAST
    else:
        found = _middle(after, end, shared, alphabet)
    is_cut = after < found < end and len(found.encode()) <= MAX_KEY_BYTES
    return found if is_cut else None


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _middle(after: str, end: str, shared: int, alphabet: Collection[str]) -> str:
    first, behind = after[shared : shared + 1], end[shared : shared + 1]
    letters = sorted(one for one in alphabet if first < one < behind)
    if letters:
        return after[:shared] + letters[len(letters) // 2]
    return after[: shared + 1] + LAST


class Alphabet:
    """The characters that keys were seen to have behind their prefix, as far as they are few."""

    def __init__(self, prefix: str) -> None:
        """Have seen none."""
        self._from, self.seen = len(prefix), set[str]()

    def add(self, key: str) -> None:
        """See a key."""
        if len(self.seen) < _ALPHABET:
            self.seen.update(key[self._from :])
