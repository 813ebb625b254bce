"""Whether the simulation finds what is planted: each defect within a minute of CPU."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sluice.pipeline.definition import AfterRun, FileSet, S3Upload, Schedule, Trigger
from tests.simulation.defects import DEFECTS, planted
from tests.simulation.playing import play
from tests.simulation.simulation import base, drawn_scripts, source
from tests.simulation.ways_in.reconciling import drawn_backfills
from tests.simulation.ways_in.reports import with_reports

SECONDS = 60.0
"""Of CPU, in which a defect must be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bite:
    """What became of a defect: the seed that found it, None when none did, and what it found."""

    defect: str
    seed: int | None
    seeds: int
    cpu: float
    finding: str

    def __str__(self) -> str:
        """Return one line."""
        if self.seed is None:
            return f"NOT FOUND in {self.seeds} seeds, {self.cpu:.0f} s of CPU: {self.defect}"
        return f"{self.defect}: found by seed {self.seed} in {self.cpu:.1f} s of CPU: {self.finding[:200]}"


NEEDED: Mapping[str, Callable[[Trigger], bool]] = {
    "no sweep of groups": lambda one: isinstance(one, S3Upload) and one.gathers,
    "files in two groups": lambda one: isinstance(one, S3Upload) and one.gathers,
    "order of versions ignored": lambda one: isinstance(one, S3Upload) and one.gathers,
    "chain events not made up for": lambda one: isinstance(one, AfterRun),
    "chains never start": lambda one: isinstance(one, AfterRun),
    "joins start twice": lambda one: isinstance(one, AfterRun) and one.joins,
    "joins do not wait": lambda one: isinstance(one, AfterRun) and one.joins,
    "older results joined": lambda one: isinstance(one, AfterRun) and one.joins,
    "keys of joins ignored": lambda one: isinstance(one, AfterRun) and one.joins and one.by != (),
    "incomplete sets run": lambda one: isinstance(one, FileSet),
    "overwritten members kept": lambda one: isinstance(one, FileSet),
    "later files dropped": lambda one: isinstance(one, FileSet) and one.later_files != "ignore",
    "late sets forgotten": lambda one: isinstance(one, FileSet) and one.late is not None,
    "missing files not named": lambda one: isinstance(one, FileSet) and one.late is not None,
    "scheduled times skipped": lambda one: isinstance(one, Schedule) and one.catch_up,
    "lost times not looked at": lambda one: isinstance(one, Schedule) and one.catch_up,
    "missed times begin anew": lambda one: isinstance(one, Schedule) and one.catch_up,
    "old reports read": lambda one: isinstance(one, S3Upload) and one.inventory is not None,
}
"""What a trigger is without which a defect is never reached: seeds without it are not played."""

_BROKEN = ("TypeError:", "AttributeError:", "NameError:", "ImportError:")
"""How a defect fails that was planted into code which has changed since; that is no finding."""


def bitten(defect: str, seconds: float = SECONDS) -> Bite:
    """Play seeds with a defect until one of them finds it: one that finds nothing without it; for so many
    seconds of CPU.
    """
    cpu = 0.0
    for number, seed in enumerate(seeds(NEEDED.get(defect, lambda one: True)), start=1):
        with planted(defect):
            played, _ = play(seed)
        cpu += played.cpu
        if any(found.startswith(_BROKEN) for found in played.findings):
            raise AssertionError(f"{defect} does not fit the code any more: {played.findings[0]}")
        if played.findings and not play(seed)[0].findings:
            return Bite(defect=defect, seed=seed, seeds=number, cpu=cpu, finding=played.findings[0])
        if cpu > seconds:
            return Bite(defect=defect, seed=None, seeds=number, cpu=cpu, finding="")
    raise AssertionError("Expected seeds without end.")


def seeds(is_needed: Callable[[Trigger], bool]) -> Iterator[int]:
    """Yield the seeds that draw a pipeline with such a trigger."""
    for seed in itertools.count():
        if any(map(is_needed, _triggers(seed))):
            yield seed


def _triggers(seed: int) -> Iterator[Trigger]:
    """Yield the triggers that a seed draws; those that are reconciled a second time, as such."""
    scripts = {one.name: one for one in drawn_scripts(source(seed))}
    for one in scripts.values():
        yield from one.pipeline.triggers
    backfills = drawn_backfills(source(seed, "reconcile"), scripts)
    for _, backfill in with_reports(source(seed, "reports"), backfills):
        yield backfill.upload


def bite(only: str = "") -> int:
    """Plant each defect, and return 0 when all are found."""
    wanted = [name for name in DEFECTS if only in name]
    base()  # What the processes share is made before they are.
    missed = 0
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        for found in pool.imap_unordered(bitten, wanted):
            print(found, flush=True)
            missed += found.seed is None
    print(f"{len(wanted) - missed} of {len(wanted)} defects were found.")
    return int(bool(missed))
