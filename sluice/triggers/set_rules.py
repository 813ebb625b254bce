"""When a set of files is whole, and what becomes of one that is late. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.triggers.file_patterns import FilePattern, Matched, Unmatched, parse_pattern

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRules:
    """The rules of a FileSet as they travel with its messages.

    ``of`` is the placeholder whose values ``expect`` counts or lists; all others are the partition key. With
    a ``marker`` the placeholders of the marker's pattern are the key, and ``lists`` says that the marker
    lists the files. ``late`` is in seconds.
    """

    pattern: str
    of: str = ""
    expect: int = 0
    expected: tuple[str, ...] = ()
    marker: str = ""
    lists: bool = False
    late: int | None = None
    then: str = "alert"
    after: str = "alert"

    def to_dict(self) -> dict[str, Any]:
        """Return the form that travels and that the ledger keeps."""
        return {name: value for name, value in asdict(self).items() if value not in ("", 0, (), None, False)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> SetRules:
        """Return what ``to_dict`` wrote; raises MalformedMessageError."""
        try:
            given = {**stored, "expected": tuple(stored.get("expected", ()))}
            rules = cls(**given)
            parse_pattern(rules.pattern)
            return rules
        except (TypeError, ValueError) as error:
            raise MalformedMessageError(
                f"Expected the rules of a set of files, found {str(stored)[:200]}: {error}."
            ) from error

    @property
    def files(self) -> FilePattern:
        """Return the pattern of its files."""
        return parse_pattern(self.pattern)

    @property
    def markers(self) -> FilePattern | None:
        """Return the pattern of its marker, None for a set without one."""
        return parse_pattern(self.marker) if self.marker else None

    @property
    def key_names(self) -> tuple[str, ...]:
        """Return the placeholders that are the partition key of a set."""
        if self.markers is not None:
            return self.markers.names
        return tuple(name for name in self.files.names if name != self.of)

    def is_marker(self, key: str) -> bool:
        """Return whether a key is that of a marker."""
        return self.markers is not None and isinstance(self.markers.match(key), Matched)

    def partition_of(self, key: str) -> dict[str, str] | Unmatched:
        """Return the partition key of the set that a file or a marker belongs to, or why it belongs to
        none.
        """
        found = self.markers.match(key) if self.markers is not None else None
        if not isinstance(found, Matched):
            found = self.files.match(key)
        if isinstance(found, Unmatched):
            return found
        return {name: found.values[name] for name in self.key_names}

    def member(self, key: str) -> str:
        """Return the value of the counted placeholder in the key of a file."""
        found = self.files.match(key)
        return found.values[self.of] if isinstance(found, Matched) and self.of else key

    @property
    def known_values(self) -> tuple[str, ...] | None:
        """Return all values that are expected, None where only their number is known."""
        if self.expected:
            return self.expected
        counted = next((one for one in self.files.placeholders if one.name == self.of), None)
        values = counted.values if counted is not None else None
        return values if values is not None and len(values) == self.expect else None

    def missing_of(self, keys: Iterable[str]) -> Missing:
        """Return what a set without a marker still lacks, by the keys of its files."""
        there = {self.member(key) for key in keys}
        known = self.known_values
        if known is not None:
            left = tuple(value for value in known if value not in there)
            return Missing(len(left), left)
        return Missing(max(0, self.expect - len(there)))

    def unexpected_of(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the keys of files that a set without a marker does not expect, as far as it is known which
        it does.
        """
        known = None if self.marker else self.known_values
        return () if known is None else tuple(sorted(key for key in keys if self.member(key) not in known))


@dataclass(frozen=True, slots=True)
class Missing:
    """How many files a set lacks, and which, as far as that is known."""

    count: int
    names: tuple[str, ...] = ()


def partition_text(partition: Values) -> str:
    """Return a partition key as people read and write it: ``date=2026-01-01,region=eu``."""
    return ",".join(f"{name}={value}" for name, value in partition.items())


def partition_json(partition: Values) -> str:
    """Return a partition key in the one form by which sets are told apart."""
    return json.dumps(dict(partition), sort_keys=True, separators=(",", ":"))
