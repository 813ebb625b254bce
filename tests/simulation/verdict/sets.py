"""Whether each set of files had the runs and the alerts that its trigger declares, by the files that came: no
word of the ledger about a set is believed, and how many later files it counts is compared.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice.duration import seconds_of
from sluice.pipeline.definition import FileSet
from sluice.run.state import Run
from tests.matrix.verdict import is_in_digest
from tests.simulation.chaos import MINUTE, Level
from tests.simulation.scripts import Script
from tests.simulation.ways_in.asking import Landed, parts_of
from tests.simulation.ways_in.drawn import SET

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_SLACK = MINUTE
"""For clocks that differ, and for events on their way where nothing keeps them."""


def wrong_sets(here: Simulation, runs: list[Run]) -> Iterator[str]:
    """Yield what does not hold of the sets of each pipeline."""
    for script in here.scripts.values():
        (trigger,) = script.pipeline.triggers
        if isinstance(trigger, FileSet):
            mine = [run for run in runs if run.pipeline.name == script.name]
            yield from (f"{script.name}: {one}" for one in _of_pipeline(here, script, trigger, mine))


def _of_pipeline(here: Simulation, script: Script, trigger: FileSet, runs: list[Run]) -> Iterator[str]:
    landed: defaultdict[str, list[Landed]] = defaultdict(list)
    for one in (one for one in here.asker.landed if one.pipeline == script.name):
        landed[one.set].append(one)
    of_set: defaultdict[str, list[tuple[int, Run]]] = defaultdict(list)
    for run in runs:
        name, _, generation = here.mark_of(run.run_id).partition("#")
        of_set[name].append((int(generation), run))
    yield from (f"{name} has runs, and no file of it came" for name in of_set.keys() - landed.keys())
    for name, files in landed.items():
        found = sorted(of_set[name], key=lambda one: one[0])
        of = _Set(here, trigger, name, files, [run for _, run in found])
        yield from (f"{name}: {one}" for one in of.objections([number for number, _ in found]))


@dataclass(frozen=True, slots=True)
class _Set:
    """A set: its files in the order in which they came, and its runs in theirs."""

    here: Simulation
    trigger: FileSet
    name: str
    landed: list[Landed]
    runs: list[Run]

    def objections(self, generations: list[int]) -> Iterator[str]:
        """Yield what does not hold."""
        if generations != list(range(len(generations))):
            yield f"its runs are {generations}"
            return
        given = [self._given(run) for run in self.runs]
        for run, files in zip(self.runs, given, strict=True):
            if len({one.key for one in files}) < len(files) or len(files) < len(self._listed(run)):
                yield f"{run.run_id} was given {self._listed(run)}"
        yield from self._first(given)
        yield from self._later(given)
        yield from self._late_alerts()

    def _listed(self, run: Run) -> list[tuple[str, str]]:
        return [(file["key"], file["version_id"]) for file in self.here.files_of(run.run_id)]

    def _given(self, run: Run) -> list[Landed]:
        """Return the files of a run that are of the set."""
        listed = set(self._listed(run))
        return [one for one in self.landed if (one.key, one.version) in listed]

    def _first(self, given: list[list[Landed]]) -> Iterator[str]:
        """Yield what is wrong with the first run: it is of the whole set, or of a late one that says what it
        lacks.
        """
        has_late_run = self.trigger.late is not None and self.trigger.then == "run"
        if not given and (self._whole_at is not None or has_late_run):
            yield f"it has no run, though {len(self.landed)} files of it came"
        missing = self._lacked_by(given[0]) if given else []
        if missing and not (has_late_run and self._is_late_by(self.here.begun[self.runs[0].run_id])):
            yield f"it ran without {missing}, and was not late"
        for run in self.runs:
            yield from self._missing(run)

    def _lacked_by(self, files: list[Landed]) -> list[str]:
        there = {one.part for one in files}
        return [part for part in parts_of(self.trigger) if part not in there]

    def _missing(self, run: Run) -> Iterator[str]:
        """Yield what a run is told to lack though it does not, or is not told."""
        missing = self._lacked_by(self._given(run))
        names = missing if isinstance(self.trigger.expect, list) else []
        told = list(run.trigger.get("missing", [])), run.trigger.get("missing_count", 0)
        if told != (names, len(missing)):
            yield f"{run.run_id} is told that it lacks {told}, and lacks {missing}"

    def _later(self, given: list[list[Landed]]) -> Iterator[str]:
        """Yield what is wrong with what came when the run had begun."""
        if not given:
            return
        if self.trigger.later_files == "rerun":
            yield from self._reruns(given)
            return
        if len(given) > 1:
            yield f"later files began {len(given) - 1} more runs, and were not to"
        later = self._newer_than(given[0])
        yield from self._told(later)
        # Of versions of a key that come together the newest is one file.
        if not len({one.key for one in later}) <= (counted := self._counted) <= len(later):
            yield f"{len(later)} files came after its run, and {counted} are counted"

    def _told(self, later: list[Landed]) -> Iterator[str]:
        """Yield a later file of which nobody was told, or was though it is to be ignored."""
        told = "\n".join(body for body in self._mails if "came after its run" in body)
        if self.trigger.later_files == "ignore":
            yield from [f"an alert was sent of a file that was to be ignored: {told[:200]}"] if told else []
            return
        for one in later:
            if not self._is_told("after", [told] if one.key in told else []):
                yield f"{one} came after its run, and nobody was told"

    def _reruns(self, given: list[list[Landed]]) -> Iterator[str]:
        """Yield a run without a new file, or with an older one, and files that are newer than all runs."""
        for before, after in itertools.pairwise(given):
            newer = self._newer_than(before)
            if not any(one in newer for one in after):
                yield f"it ran for {_versions(before)}, and then for {_versions(after)}"
            if any(one not in newer and one not in before for one in after):
                yield f"it ran for {_versions(before)}, and then for the older {_versions(after)}"
        if left := self._newer_than(given[-1]):
            yield f"{left[-1]} came after its run, and began no other"

    def _newer_than(self, files: list[Landed]) -> list[Landed]:
        """Return the files that are newer than those of a run, or not among them."""
        known = {one.key: one.number for one in files}
        return [one for one in self.landed if one.number > known.get(one.key, -1)]

    def _late_alerts(self) -> Iterator[str]:
        """Yield an alert of a late set that was not sent, and one that was sent of another."""
        mails = [body for body in self._mails if "has been open since" in body]
        is_alerted = self.trigger.late is not None and self.trigger.then == "alert"
        if is_alerted and self._whole_at is None and not self._is_told("late", mails):
            yield "it is late, and nobody was told"
        if not is_alerted and mails:
            yield f"it is not to be told of, and was: {mails[0][:200]}"
        if self.here.chaos.level is Level.CALM:
            yield from self._needless(mails)

    def _needless(self, mails: list[str]) -> Iterator[str]:
        """Yield alerts that were sent twice, or of a set that was whole in time."""
        if len(mails) > 1:
            yield f"it is late, and that was told {len(mails)} times"
        is_in_time = self._whole_at is not None and not self._is_late_by(self._whole_at + _SLACK)
        if mails and is_in_time:
            yield f"it was whole in time, and somebody was told otherwise: {mails[0][:200]}"

    def _is_late_by(self, at: float) -> bool:
        """Return whether it has been open for as long as it may be, or nearly so."""
        late = None if self.trigger.late is None else seconds_of(self.trigger.late)
        return late is not None and at >= self.landed[0].at + late - _SLACK

    @property
    def _whole_at(self) -> float | None:
        """Return when the last of its parts came; None when they never did."""
        first: dict[str, float] = {}
        for one in self.landed:
            first.setdefault(one.part, one.at)
        return max(first.values()) if len(first) == len(parts_of(self.trigger)) else None

    @property
    def _mails(self) -> list[str]:
        """Return the alerts about the set."""
        about = f"set {SET}={self.name} of {self.trigger.pattern}"
        return [body for _, body in self.here.messages.mail if about in body]

    def _is_told(self, event: str, mails: list[str]) -> bool:
        """Return whether there are alerts of an event of the set, or it is one of many, which a digest
        counts.
        """
        pipeline = self.landed[0].pipeline
        subject = f"set-{pipeline}-{SET}={self.name}"
        return bool(mails) or is_in_digest(self.here, subject, pipeline, event)

    @property
    def _counted(self) -> int:
        """Return how many later files are counted, as `sluice sets list` shows."""
        partition = json.dumps({SET: self.name}, separators=(",", ":"))
        items = self.here.table.items.items()
        mine = [
            item
            for (pk, sk), item in items
            if sk == "SET"
            and pk.startswith(f"SET#{self.trigger.pattern.partition('/')[0]}#")
            and item["partition"]["S"] == partition
        ]
        return sum(int(item["after"]["N"]) for item in mine)


def _versions(files: list[Landed]) -> list[str]:
    return [f"{one.part}@{one.version}" for one in files]
