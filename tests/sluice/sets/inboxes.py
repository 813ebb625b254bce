"""A gatherer of sets on moto's table, and files for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sluice.messages import SetReport, SetUpload, Triggered
from sluice.sets.file_set import FileSet
from sluice.sets.gathering import SetGatherer
from sluice.sets.ledger import SetLedger
from sluice.triggers.set_rules import SetRules
from sluice.triggers.trigger_event import S3Object, UploadSet, parse_trigger
from tests.sluice.clouds import START, TABLE, CrashingClient

HOURS = SetRules(pattern="sales/{date}/{hour:02}.csv", of="hour", expect=24)
DAY = {"date": "2026-11-28"}


def file(key: str, version: int = 1, *, size: int = 3, etag: str = "") -> S3Object:
    """Return a version of an object."""
    return S3Object(
        bucket="inbox",
        key=key,
        version_id=f"v{version}",
        etag=etag,
        size=size,
        time="2026-11-28T00:00:00Z",
        sequencer=f"{version:04X}",
    )


def hour(number: int, version: int = 1, day: str = "2026-11-28") -> S3Object:
    """Return the file of an hour."""
    return file(f"sales/{day}/{number:02}.csv", version)


@dataclass
class Sets:
    """Sets in a table, and all that leaves them; ``objects`` are the inbox."""

    client: Any
    rules: SetRules = HOURS
    now: datetime = START
    lists: dict[str, list[S3Object]] = field(default_factory=dict)
    asked: list[Triggered] = field(default_factory=list)
    reports: list[SetReport] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    written: int = 0
    asked_checksums: list[str] = field(default_factory=list)

    def gatherer(self, crashing: CrashingClient | None = None) -> SetGatherer:
        """Return a gatherer, whose calls may end early."""

        def call(name: str, function: Any) -> Any:
            def called(*given: Any) -> Any:
                if crashing is None:
                    return function(*given)
                return crashing.call(name, lambda: function(*given))

            return called

        def write(found: FileSet, files: Sequence[S3Object]) -> None:
            self.written += 1
            self.lists[found.manifest] = list(files)

        return SetGatherer(
            ledger=SetLedger(crashing.wrap(self.client) if crashing else self.client, TABLE),
            write=call("write", write),
            ask=call("ask", self.asked.append),
            report=call("report", self.reports.append),
            inbox=self,
            work_bucket="work",
            now=lambda: self.now,
        )

    def keys(self, bucket: str, prefix: str) -> Iterable[str]:
        """Return the keys of the inbox."""
        return [key for key in self.objects if key.startswith(prefix)]

    def read(self, file: S3Object) -> bytes:
        """Return the content of an object."""
        return self.objects[file.key]

    def checksums(self, files: Sequence[S3Object]) -> list[str]:
        """Return the SHA-256 of the objects, empty of those whose content the test did not say."""
        self.asked_checksums += [file.key for file in files]
        contents = [self.objects.get(file.key) for file in files]
        return ["" if one is None else hashlib.sha256(one).hexdigest() for one in contents]

    def come(self, *files: S3Object, crashing: CrashingClient | None = None) -> None:
        """Let files come in one batch."""
        message = SetUpload(
            pipeline="sales",
            trigger=f"s3-set:{self.rules.pattern}",
            definition={"bucket": "assets", "key": "k"},
            detail={},
            rules=json.loads(json.dumps(self.rules.to_dict())),
        )
        self.gatherer(crashing).gather(message, files)

    def later(self, seconds: float) -> None:
        """Let time pass, and the sweep come."""
        self.now += timedelta(seconds=seconds)
        self.gatherer().sweep()

    def runs(self) -> dict[str, UploadSet]:
        """Return what was requested, by the identity of each set's run."""
        events = [parse_trigger(message) for message in self.asked]
        return {event.group: event for event in events if isinstance(event, UploadSet)}

    def the_run(self) -> tuple[UploadSet, list[str]]:
        """Return the only run, and the keys of its files."""
        (event,) = self.runs().values()
        return event, [one.key for one in self.lists[event.manifest]]

    def found(self, partition: dict[str, str] | None = None) -> FileSet:
        """Return the set of a key as the ledger has it."""
        trigger = f"s3-set:{self.rules.pattern}"
        found = SetLedger(self.client, TABLE).load("sales", trigger, partition or DAY)
        assert found is not None
        return found
