"""Whether the simulation finds what is planted: each defect within a minute of CPU."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from dataclasses import dataclass

from tests.simulation.defects import DEFECTS, planted
from tests.simulation.playing import play
from tests.simulation.simulation import base

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


_BROKEN = ("TypeError:", "AttributeError:", "NameError:", "ImportError:")
"""How a defect fails that was planted into code which has changed since; that is no finding."""


def bitten(defect: str) -> Bite:
    """Play seeds with a defect until one of them finds it: one that finds nothing without it."""
    cpu = 0.0
    for seed in itertools.count():
        with planted(defect):
            played, _ = play(seed)
        cpu += played.cpu
        if any(found.startswith(_BROKEN) for found in played.findings):
            raise AssertionError(f"{defect} does not fit the code any more: {played.findings[0]}")
        if played.findings and not play(seed)[0].findings:
            return Bite(defect=defect, seed=seed, seeds=seed + 1, cpu=cpu, finding=played.findings[0])
        if cpu > SECONDS:
            break
    return Bite(defect=defect, seed=None, seeds=seed + 1, cpu=cpu, finding="")


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
