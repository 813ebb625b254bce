"""Plays seeds, and says what came of them."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.chaos import Level
from tests.simulation.simulation import Simulation
from tests.simulation.verdict.findings import findings

_YEAR = 365.25 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a seed; ``run_seconds`` are those of all its runs together, ``cpu`` of this process."""

    seed: int
    level: str
    runs: int
    calls: int
    faults: int
    run_seconds: float
    cpu: float
    findings: tuple[str, ...]

    def __str__(self) -> str:
        """Return one line, and one for each finding."""
        what = f"{self.level}, {self.runs} runs, {self.calls:,} calls, {self.faults:,} faults"
        return "\n".join([f"seed {self.seed}: {what}", *(f"  {one}" for one in self.findings)])


@dataclass(slots=True)
class Total:
    """What came of many seeds."""

    seeds: int = 0
    runs: int = 0
    calls: int = 0
    faults: int = 0
    run_seconds: float = 0.0
    cpu: float = 0.0
    levels: Counter[str] = field(default_factory=Counter)

    def add(self, one: Played) -> None:
        """Add a seed."""
        self.seeds, self.runs, self.calls = self.seeds + 1, self.runs + one.runs, self.calls + one.calls
        self.faults, self.cpu = self.faults + one.faults, self.cpu + one.cpu
        self.run_seconds += one.run_seconds
        self.levels[one.level] += 1

    def __str__(self) -> str:
        """Return the figures, each for a second of CPU too."""
        cpu = max(self.cpu, 1e-9)
        years = self.run_seconds / _YEAR
        hours = 24 * 365.25 * years / cpu
        levels = ", ".join(f"{number:,} {level}" for level, number in sorted(self.levels.items()))
        return (
            f"{self.seeds:,} simulations ({levels}), {years:,.2f} run-years, {self.runs:,} runs,"
            f" {self.calls:,} calls, {self.faults:,} faults in {self.cpu:,.0f} s of CPU. Each second:"
            f" {hours:,.1f} run-hours, {self.runs / cpu:,.1f} runs, {self.faults / cpu:,.0f} faults."
        )


def play(seed: int, level: Level | None = None, *, is_verbose: bool = False) -> tuple[Played, str]:
    """Play a seed, and return what came of it and what was printed."""
    began = time.process_time()
    here = Simulation(seed, level=level, is_verbose=is_verbose)
    try:
        here.play()
        found = findings(here)
    except Exception as error:  # noqa: BLE001 - an error of the code that is simulated is a finding
        here.actors.close()
        where = traceback.extract_tb(error.__traceback__)[-1]
        found = [f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"]
    played = Played(
        seed=seed,
        level=here.chaos.level,
        runs=len(here.begun),
        calls=len(here.calls.made),
        faults=here.chaos.faults.total(),
        run_seconds=here.run_seconds,
        cpu=time.process_time() - began,
        findings=tuple(found),
    )
    return played, here.printed.getvalue()
