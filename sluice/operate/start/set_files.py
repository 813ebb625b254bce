"""Files of sets: the key under which each is put, and what becomes of the sets that they are in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.errors import MalformedMessageError
from sluice.operate.errors import OperationError, RequestError
from sluice.operate.start.local_files import missing_file
from sluice.pipeline.definition import FileSet, Pipeline, S3Upload
from sluice.pipeline.file_sets import patterns_of, rules_of, sets_of
from sluice.pipeline.trigger_names import set_name
from sluice.sets.file_set import FileSet as StoredSet
from sluice.sets.file_set import SetState
from sluice.sets.ledger import SetLedger
from sluice.sets.records import AFTER
from sluice.sets.wholeness import Inbox, contents_of
from sluice.triggers.file_patterns import Unmatched
from sluice.triggers.set_rules import Missing, partition_json, partition_text
from sluice.triggers.trigger_event import S3Object

GATHERED_WITHIN_SECONDS = 120.0
"""From the event to the record: one queue, which Lambda may leave for 20 s, and a cold start, with room."""
_SECONDS_BETWEEN_READS = 1.0


@dataclass(frozen=True, slots=True)
class SetFile:
    """A file of this machine, its key in the inbox, and the set that it belongs to."""

    path: Path
    key: str
    trigger: str
    partition: Mapping[str, str]

    @property
    def set(self) -> tuple[str, str]:
        """Return what tells its set apart."""
        return self.trigger, partition_json(self.partition)


@dataclass(frozen=True, slots=True)
class SetAfterUpload:
    """A set that has the uploaded files: the run that it has or will have, and whether that begins now.
    ``late`` are keys that came when its run had begun, and are in none, ``unexpected`` those of files that it
    does not expect; ``note`` says why it is not known what is missing.
    """

    name: str
    run_id: str
    begins: bool
    missing: Missing
    late: tuple[str, ...] = ()
    note: str = ""
    unexpected: tuple[str, ...] = ()


def files_of_sets(
    pipeline: Pipeline, paths: Sequence[Path], prefix: str | None
) -> tuple[list[SetFile], list[Path]]:
    """Return the files that belong to sets of a pipeline, and the others.

    The key is the end of the path that fits the pattern, ``sales/2026-01-01/05.csv`` of
    ``/data/sales/2026-01-01/05.csv``, with the pattern's first folders in front where the path has them not;
    or with ``prefix`` the end that fits behind it. Raises RequestError for paths that are no files, and for
    two files of one key.
    """
    sets = list(sets_of(pipeline))
    found = {path: _file_of(path, sets, prefix) for path in paths} if sets else {}
    mine = [one for one in found.values() if one is not None]
    _check_keys(mine)
    return mine, [path for path in paths if found.get(path) is None]


def _check_keys(files: Sequence[SetFile]) -> None:
    problems = [sentence for one in files for sentence in missing_file(one.path)]
    problems += [
        f"{key}: the key of {count} files"
        for key, count in Counter(one.key for one in files).items()
        if count > 1
    ]
    if problems:
        raise RequestError("Expected files with a key each, found: " + "; ".join(problems) + ".")


def check_fit(pipeline: Pipeline, others: Sequence[Path]) -> None:
    """Raise RequestError for files that no set of a pipeline takes, with what it would take; not where it has
    upload triggers, which may take them.
    """
    has_uploads = any(isinstance(one, S3Upload) for one in pipeline.triggers)
    if others and not has_uploads and any(sets_of(pipeline)):
        patterns = " or ".join(pattern.text for one in sets_of(pipeline) for pattern in patterns_of(one))
        names = ", ".join(str(path) for path in others)
        raise RequestError(
            f"Expected paths that end as the keys of a set of {pipeline.name} do ({patterns}), found {names}."
            " Put the files into folders of these names, or say with --prefix in which folder of the inbox"
            " they belong, such as --prefix sales/2026-01-31/."
        )


def sets_after(
    ledger: SetLedger,
    inbox: Inbox,
    pipeline: str,
    stored: Sequence[tuple[SetFile, S3Object]],
    sleep: Callable[[float], None] = time.sleep,
) -> list[SetAfterUpload]:
    """Return the sets of uploaded files, as soon as they have them, and one that is whole is closed.

    Raises OperationError with a file that is in none in time.
    """
    sets = dict.fromkeys(file.set for file, _ in stored)
    deadline = time.monotonic() + GATHERED_WITHIN_SECONDS
    found = []
    for one in sets:
        mine = [(file, uploaded) for file, uploaded in stored if file.set == one]
        while (after := _after(ledger, inbox, pipeline, mine)) is None:
            _check_time(deadline, mine[0][0])
            sleep(_SECONDS_BETWEEN_READS)
        found.append(after)
    return found


def _file_of(path: Path, sets: Sequence[FileSet], prefix: str | None) -> SetFile | None:
    for one in sets:
        rules = rules_of(one)
        for key in _keys(path, one, prefix):
            partition = rules.partition_of(key)
            if not isinstance(partition, Unmatched):
                return SetFile(path, key, set_name(one), partition)
    return None


def _keys(path: Path, found: FileSet, prefix: str | None) -> Iterator[str]:
    """Yield the keys that a file may have, the longest end of its path first."""
    parts = path.absolute().parts[1:]
    ends = ["/".join(parts[number:]) for number in range(len(parts))]
    if prefix is not None:
        yield from (f"{prefix}{'' if prefix.endswith('/') else '/'}{end}" for end in ends)
        return
    yield from ends
    for pattern in patterns_of(found):
        folder = pattern.prefix.rpartition("/")[0]
        yield from (f"{folder}/{end}" for end in ends if folder)


def _after(
    ledger: SetLedger, inbox: Inbox, pipeline: str, mine: Sequence[tuple[SetFile, S3Object]]
) -> SetAfterUpload | None:
    """Return a set that has these files; None while it has not, or is whole and not closed yet."""
    file = mine[0][0]
    found = ledger.load(pipeline, file.trigger, file.partition)
    if found is None:
        return None
    files = ledger.files(found)
    wanted = {_version(uploaded) for _, uploaded in mine}
    late = {_version(one) for one in ledger.files(found, AFTER)} & wanted
    if wanted - late - set(map(_version, files)):
        return None
    missing, note = _missing(found, files, inbox)
    is_open = found.state is SetState.OPEN
    if is_open and not (missing.count or note):
        return None
    return SetAfterUpload(
        name=found.name,
        run_id=found.run_id,
        begins=not is_open and late != wanted,
        missing=missing,
        late=tuple(sorted(key for key, _ in late)),
        note=note,
        unexpected=_unexpected(found, wanted - late),
    )


def _unexpected(found: StoredSet, versions: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return found.rules.unexpected_of(key for key, _ in versions)


def _missing(found: StoredSet, files: Sequence[S3Object], inbox: Inbox) -> tuple[Missing, str]:
    try:
        return contents_of(found, files, inbox).missing, ""
    except MalformedMessageError as error:
        return Missing(0), str(error)


def _version(file: S3Object) -> tuple[str, str]:
    return file.key, file.version_id or file.etag


def _check_time(deadline: float, file: SetFile) -> None:
    if time.monotonic() > deadline:
        raise OperationError(
            f"Expected {file.key} in the set {partition_text(file.partition)} within"
            f" {GATHERED_WITHIN_SECONDS:.0f} s, found no record of it in the ledger. Is the deployed app"
            " built from this repository? Read the group queue's dead letters and the group Lambda's log."
        )
