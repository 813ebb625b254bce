"""Lists runs of the ledger: the newest, those of a pipeline, in a state, of a file, with a label.

The index ``listed`` answers each with a few Queries and one BatchGetItem for each 50 runs, however many runs
there are. Runs that an older version wrote are put into it by the first listing (``adopting``); where that
may not be done, or the index is not deployed yet, a listing is a Scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sluice.ledger.listed import last_part
from sluice.operate.clients import RunTableWriter
from sluice.operate.listing.adopting import Adoption
from sluice.operate.listing.index import RunIndex
from sluice.operate.listing.summaries import RunSummary, read_summaries, scan_summaries
from sluice.run.state import RunState

MAX_EXAMINED = 2_000
"""So many runs of the index are looked through at most for those that match everything that is asked for."""

_UNFINISHED = (RunState.RUNNING, RunState.WAITING)


@dataclass(frozen=True, slots=True)
class Listing:
    """The newest runs first; ``more`` says that there are others, or that there may be: MAX_EXAMINED were
    looked through.
    """

    runs: tuple[RunSummary, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are meant; None stands for any, times are ISO 8601 in UTC.

    ``input`` is the name of a file, of one in a group, too, a token, or a value of an input; where the index
    has no such name, it is a part of what the newest MAX_EXAMINED runs show of their input.
    """

    pipeline: str | None = None
    state: RunState | None = None
    since: str | None = None
    until: str | None = None
    input: str | None = None
    labels: frozenset[str] = field(default_factory=frozenset)

    def takes(self, run: RunSummary) -> bool:
        """Return whether a run is meant, as far as pipeline, state, time and labels say so."""
        return (
            self.pipeline in (None, run.pipeline)
            and self.state in (None, run.state)
            and self._is_within(run.created_at)
            and self.labels <= set(run.labels)
        )

    def shows_input(self, run: RunSummary) -> bool:
        """Return whether what a run shows of its input has the text."""
        return self.input is None or self.input.casefold() in run.input.casefold()

    def _is_within(self, time: str) -> bool:
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)


def list_runs(
    dynamodb: RunTableWriter,
    table: str,
    *,
    limit: int,
    asked: RunFilter = RunFilter(),
    pipelines: Callable[[], Sequence[str]] | None = None,
    is_complete: Callable[[], bool] | None = None,
) -> Listing:
    """Return the newest runs that a filter takes; for who lists often, ``pipelines`` returns the names of
    those with runs, and ``is_complete`` whether all runs are in the index.
    """
    if not (is_complete or Adoption(dynamodb, table).is_complete)():
        scanned = [
            run for run in scan_summaries(dynamodb, table) if asked.takes(run) and asked.shows_input(run)
        ]
        return _cut(sorted(scanned, key=lambda run: run.created_at, reverse=True), limit, examined=0)
    return _indexed(dynamodb, table, asked, limit, pipelines)


def _indexed(
    dynamodb: RunTableWriter,
    table: str,
    asked: RunFilter,
    limit: int,
    pipelines: Callable[[], Sequence[str]] | None,
) -> Listing:
    index = RunIndex(dynamodb, table)
    page = min(limit + 1, MAX_EXAMINED)

    def listing(ids: Iterable[str], matches: Callable[[RunSummary], bool]) -> Listing:
        examined = _Counted(islice(ids, MAX_EXAMINED))
        found = (run for run in read_summaries(dynamodb, table, examined, page) if matches(run))
        return _cut(list(islice(found, limit + 1)), limit, examined.count)

    if asked.input is not None:
        named = listing(index.by_words(last_part(asked.input.strip()), page), asked.takes)
        if named.runs:
            return named
    elif asked.labels:
        return listing(index.by_label(min(asked.labels), page), asked.takes)
    within = RunIndex(dynamodb, table, asked.since or index.since, asked.until or index.until)
    if within.since > within.until:
        return Listing((), more=False)
    ids = _ids(within, asked, page, pipelines or within.pipelines)
    return listing(ids, lambda run: asked.takes(run) and asked.shows_input(run))


def _ids(
    within: RunIndex, asked: RunFilter, page: int, pipelines: Callable[[], Sequence[str]]
) -> Iterator[str]:
    """Return the runs of a pipeline, or of all, in a state, the newest first."""
    if asked.pipeline is not None:
        return within.in_states([asked.pipeline], asked.state, page)
    if asked.state in _UNFINISHED:
        return within.unfinished(asked.state, page)
    return within.in_states(pipelines(), asked.state, page)


class _Counted:
    """Counts what is taken of some ids."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.count, self._ids = 0, ids

    def __iter__(self) -> Iterator[str]:
        for one in self._ids:
            self.count += 1
            yield one


def _cut(found: list[RunSummary], limit: int, examined: int) -> Listing:
    return Listing(tuple(found[:limit]), more=len(found) > limit or examined >= MAX_EXAMINED)
