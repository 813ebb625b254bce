"""What a set has and what it lacks, by its rules, its files, and what its marker says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sluice.counted import counted
from sluice.errors import MalformedMessageError
from sluice.sets.file_set import FileSet
from sluice.triggers.file_patterns import FilePattern
from sluice.triggers.set_rules import Missing
from sluice.triggers.trigger_event import S3Object, newest_of_each_key


class Inbox(Protocol):
    """What is read of the inbox when a marker has come."""

    def keys(self, bucket: str, prefix: str) -> Iterable[str]:
        """Return the keys of the objects under a prefix."""

    def read(self, file: S3Object) -> bytes:
        """Return the content of an object."""

    def checksums(self, files: Sequence[S3Object]) -> Sequence[str]:
        """Return the SHA-256 of each object as S3 has it, in hexadecimal digits; empty where it has none."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a set, of each key the newest version, and what it lacks."""

    members: tuple[S3Object, ...]
    missing: Missing


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that a manifest lists: its key, and its size in bytes, its MD5 and its SHA-256 where they are
    given.
    """

    key: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None

    def difference(self, file: S3Object | None) -> str | None:
        """Return what is missing or other than listed, None for the file itself.

        The ETag of an object that was uploaded in one part is its MD5:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """
        if file is None:
            return self.key
        if self.size is not None and file.size != self.size:
            return f"{self.key} with {counted(self.size, 'byte')} (it has {file.size})"
        if self.md5 is not None and file.etag.lower() != self.md5.lower():
            return f"{self.key} with the MD5 {self.md5} (its ETag is {file.etag})"
        return None

    def other_content(self, stored: str) -> str | None:
        """Return how the content differs from what is listed, by the SHA-256 that S3 has; None if it does
        not.
        """
        if self.sha256 is None or stored == self.sha256.lower():
            return None
        has = f"it has {stored}" if stored else "S3 has none: upload it with --checksum-algorithm SHA256"
        return f"{self.key} with the SHA-256 {self.sha256} ({has})"


def contents_of(found: FileSet, files: Sequence[S3Object], inbox: Inbox) -> Contents:
    """Return what a set has and lacks; ``files`` are its files and its marker, in any order, in any number of
    versions.
    """
    rules = found.rules
    newest = newest_of_each_key(files)
    members = tuple(file for file in newest if not rules.is_marker(file.key))
    if not rules.marker:
        return Contents(members, rules.missing_of(file.key for file in members))
    markers = [file for file in newest if rules.is_marker(file.key)]
    if not markers:
        return Contents(members, Missing(1, ((rules.markers or rules.files).fill(found.partition),)))
    if rules.lists:
        return _as_listed(markers[0], members, inbox)
    return _as_stored(members, _stored(found, inbox, markers[0].bucket))


def _as_stored(members: tuple[S3Object, ...], stored: Sequence[str]) -> Contents:
    there = {file.key for file in members}
    lacking = [key for key in stored if key not in there]
    return Contents(members, Missing(len(lacking), tuple(lacking)))


def _stored(found: FileSet, inbox: Inbox, bucket: str) -> list[str]:
    """Return the keys of the set's files that lie in the bucket: S3's events come in any order, the marker's
    perhaps first.
    """
    rules, prefix = found.rules, _prefix(found.rules.files, found.partition)
    keys = (key for key in inbox.keys(bucket, prefix) if not rules.is_marker(key))
    return [key for key in keys if rules.partition_of(key) == dict(found.partition)]


def _prefix(pattern: FilePattern, partition: Mapping[str, str]) -> str:
    """Return what all keys of a set begin with."""
    return pattern.fill(partition).partition("{")[0]


def _as_listed(marker: S3Object, members: Sequence[S3Object], inbox: Inbox) -> Contents:
    listed = read_manifest(marker, inbox.read(marker))
    there = {file.key: file for file in members}
    lacking = [text for one in listed if (text := one.difference(there.get(one.key))) is not None]
    lacking = lacking or _other_contents(listed, there, inbox)
    named = {one.key for one in listed}
    mine = tuple(file for file in members if file.key in named)
    return Contents(mine, Missing(len(lacking), tuple(lacking)))


def _other_contents(listed: Sequence[Listed], there: Mapping[str, S3Object], inbox: Inbox) -> list[str]:
    """Return which files have other contents than listed: asked of S3 once all are there, a call each."""
    checked = [one for one in listed if one.sha256 is not None]
    stored = inbox.checksums([there[one.key] for one in checked])
    texts = (one.other_content(found) for one, found in zip(checked, stored, strict=True))
    return [text for text in texts if text is not None]


def read_manifest(marker: S3Object, body: bytes) -> list[Listed]:
    """Return the files that a manifest lists: ``{"files": [{"name": "a.csv", "size": 3, "md5": "…"}]}``, a
    list of these, or of names alone; ``sha256`` may be beside ``md5``, or in its place. A name without a
    slash, or with one, is below the manifest's own folder.

    Raises MalformedMessageError.
    """
    try:
        document = json.loads(body)
        entries = document["files"] if isinstance(document, dict) else document
        folder = marker.key.rpartition("/")[0]
        return [_listed(one, f"{folder}/" if folder else "") for one in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedMessageError(
            f"Expected {marker.uri} to list files with name and, where they are known, size, md5 and sha256,"
            f" found {body[:200]!r}: {error}."
        ) from error


def _listed(entry: Any, folder: str) -> Listed:
    given = {"name": entry} if isinstance(entry, str) else dict(entry)
    name, size = given["name"], given.get("size")
    checksums = [given.get(one) for one in ("md5", "sha256")]
    if not isinstance(name, str) or not (size is None or type(size) is int):
        raise TypeError(f"a file is listed as {entry!r}")
    if not all(one is None or isinstance(one, str) for one in checksums):
        raise TypeError(f"a file is listed as {entry!r}")
    return Listed(folder + name, size, *checksums)
