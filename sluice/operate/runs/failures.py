"""Reads why the jobs of a step failed, from the reports that they left, and groups reasons of one kind."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from sluice import keys
from sluice.alerts.failure_kind import kind_of
from sluice.items.failed_items import current_parts, each_once
from sluice.items.manifest import read_slice
from sluice.operate.clients import ObjectReader, keys_below
from sluice.run.failures.words import Word, newest_words, tally
from sluice.run.state import Run, StepRecord
from sluice.run.uploads import IN_TRIGGER, is_file, items_in

MAX_REPORTS = 200
"""So many reports are read at most: one small object each."""
_SHOWN_ITEMS = 3
_ITEM_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReport:
    """Why a job or a child failed; ``item`` is None where it failed outside of any."""

    child: int
    reason: str
    item: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failures of one kind: the reason of the first, how many there are, the first children, and the first
    items with what they are.
    """

    reason: str
    count: int
    children: tuple[int, ...]
    items: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures of a step, the most frequent first; ``more`` says that not all reports were read."""

    groups: tuple[FailureGroup, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class FailureReader:
    """Reads the failure reports of a run in the work bucket."""

    s3: ObjectReader
    bucket: str
    run: Run

    def grouped(self, record: StepRecord) -> Failures:
        """Return the failures of a step by their reasons: each failed item that holds, and the children of
        the last generation that failed outside of any.
        """
        items = self._first_items(record)
        counted = {one.child for one in items}
        others = (one for one in self.reports(record) if one.child not in counted)
        reports = [*items, *islice(others, MAX_REPORTS + 1 - len(items))]
        kinds: dict[str, list[FailureReport]] = defaultdict(list)
        for report in reports[:MAX_REPORTS]:
            kinds[kind_of(report.reason, self.run.run_id)].append(report)
        frequent = sorted(kinds.values(), key=len, reverse=True)
        return Failures(tuple(self._group(record, one) for one in frequent), len(reports) > MAX_REPORTS)

    def failing_children(self, record: StepRecord) -> list[int]:
        """Return the children with failed items, in order; they may have succeeded, where that is
        tolerated.
        """
        return sorted(child for child, word in self._words(record).items() if word.failed)

    def _words(self, record: StepRecord) -> dict[int, Word]:
        return newest_words(
            keys_below(self.s3, self.bucket, keys.all_words_prefix(self.run.run_id, record.name))
        )

    def _first_items(self, record: StepRecord) -> list[FailureReport]:
        """Return failed items, one more than are shown; none where they are being removed, or are no such
        lines.
        """
        try:
            return list(islice(self._items(record), MAX_REPORTS + 1))
        except (ClientError, ValueError, KeyError, TypeError):
            return []

    def _items(self, record: StepRecord) -> Iterator[FailureReport]:
        """Yield the failed items of an array, in order: two listings, and an object for each child that has
        any.
        """
        if record.item_source is None:
            return
        parts = list(keys_below(self.s3, self.bucket, keys.failed_items_prefix(self.run.run_id, record.name)))
        if not parts:
            return
        words = self._words(record)
        settled = {child: (word.generation, word.failed) for child, word in words.items()}
        if record.failed:
            # Why these failed at last, their reports say; what failed before they may have done since.
            settled |= dict.fromkeys(tally(record, words).silent, (record.generation, 1))
        bodies = (
            self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            for key in current_parts(parts, settled)
        )
        for one in each_once(bodies):
            if not one.upstream:
                reason = f"{one.error}: {one.message}"
                yield FailureReport(child=one.child, reason=reason, item=one.number)

    def reports(self, record: StepRecord) -> Iterator[FailureReport]:
        """Yield the reports of a step's last generation, by child; those that cannot be read are left out."""
        prefix = keys.failures_prefix(self.run.run_id, record.name, record.generation)
        for key in keys_below(self.s3, self.bucket, prefix):
            report = self._report(key)
            if report is not None:
                yield report

    def _report(self, key: str) -> FailureReport | None:
        try:
            found = json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
            reason, item = f"{found['error']}: {found['message']}", found.get("item")
            child = int(key.rpartition("/")[2].partition(".")[0])
        except (ClientError, ValueError, KeyError, TypeError):
            return None
        return FailureReport(child=child, reason=reason, item=item if type(item) is int else None)

    def _group(self, record: StepRecord, reports: Sequence[FailureReport]) -> FailureGroup:
        numbers = [report.item for report in reports if report.item is not None]
        return FailureGroup(
            reason=reports[0].reason,
            count=len(reports),
            children=tuple(report.child for report in reports[:_SHOWN_ITEMS]),
            items=tuple((number, self._item(record, number)) for number in numbers[:_SHOWN_ITEMS]),
        )

    def _item(self, record: StepRecord, number: int) -> str:
        """Return what an item is: the address of a file, else its value, cut; nothing where it is gone."""
        try:
            value = next(iter(self._values(record, number)), None)
        except (ClientError, ValueError, KeyError):
            return ""
        if value is None:
            return ""
        text = f"s3://{value['bucket']}/{value['key']}" if is_file(value) else _json(value)
        return text if len(text) <= _ITEM_CHARACTERS else f"{text[:_ITEM_CHARACTERS]}…"

    def _values(self, record: StepRecord, number: int) -> Iterable[dict[str, Any]]:
        source = record.item_source
        if source is None or source.manifest is None:
            return ()
        if source.manifest == IN_TRIGGER:
            return items_in(self.run.trigger)[number : number + 1]
        reader: Any = self.s3
        return read_slice(reader, self.bucket, source.manifest, number, number + 1)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
