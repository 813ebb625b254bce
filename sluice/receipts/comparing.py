"""Compares a folder of results with its receipt: what is missing, what has changed, what is additional.
Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sluice import keys
from sluice.receipts.receipt import PublishedFile, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The names of the files that are not as the receipt says, and how many are."""

    matching: int
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Return whether the folder is what the receipt says."""
        return not (self.missing or self.changed or self.additional)


Digests = Callable[[Iterable[str]], Iterable[tuple[str, str]]]
"""Yields name and SHA-256 of files."""


def compare(receipt: Receipt, sizes: Mapping[str, int], digests: Digests) -> Comparison:
    """Compare the files of a folder, whose ``sizes`` are known by their names, with a receipt.

    ``digests`` yields name and SHA-256 of files; those whose size is another one already are not read.
    """
    expected = {file.name: file for file in receipt.files}
    matching = set(_matching(expected, sizes, digests))
    changed = [name for name in expected if name in sizes and name not in matching]
    return Comparison(
        matching=len(matching),
        missing=tuple(_without(expected, sizes)),
        changed=tuple(changed),
        additional=tuple(_without(sizes, {*expected, *keys.OWN_RESULTS})),
    )


def _matching(
    expected: Mapping[str, PublishedFile], sizes: Mapping[str, int], digests: Digests
) -> Iterator[str]:
    same_size = [name for name, file in expected.items() if sizes.get(name) == file.size]
    for name, digest in digests(same_size):
        if digest == expected[name].sha256:
            yield name


def _without(names: Iterable[str], others: Container[str]) -> Iterator[str]:
    return (name for name in names if name not in others)
