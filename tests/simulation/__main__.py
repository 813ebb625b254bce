"""``make simulate``: random pipelines with random faults, by seed, for as long as one lets it.

python -m tests.simulation [--minutes M] [--from SEED] [--keep-going]
python -m tests.simulation --seed N [--level calm|mild|wild]
python -m tests.simulation --teeth [--only NAME]
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence

from tests.simulation.chaos import Level
from tests.simulation.playing import Played, Total, play
from tests.simulation.simulation import base

_SEEDS_AT_A_TIME = 20


def main(words: Sequence[str]) -> int:
    """Do what is asked for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--from", dest="first", type=int, help="the first seed; else one is drawn")
    parser.add_argument("--seeds", type=int, help="how many seeds, whatever time they take")
    parser.add_argument("--keep-going", action="store_true", help="go on when something was found")
    parser.add_argument("--seed", type=int, help="play this seed alone, and print each step")
    parser.add_argument("--level", type=Level, choices=list(Level), default=None)
    parser.add_argument("--teeth", action="store_true", help="plant defects, and see that each is found")
    parser.add_argument("--only", default="", help="with --teeth: only the defects whose names contain this")
    given = parser.parse_args(words)
    if given.teeth:
        from tests.simulation.teeth import bite

        return bite(given.only)
    if given.seed is not None:
        played, printed = play(given.seed, given.level, is_verbose=True)
        print(printed)
        print(played)
        return int(bool(played.findings))
    return _many(given.minutes, given.first, given.seeds, keep_going=given.keep_going)


def _many(minutes: float, first: int | None, count: int | None, *, keep_going: bool) -> int:
    total, failed = Total(), 0
    first = random.SystemRandom().randrange(1_000_000) if first is None else first
    until = f"{count} of them" if count else f"for {minutes:g} minutes"
    print(f"Seeds from {first} on, {until}.", flush=True)
    base()  # What the processes share is made before they are.
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        seeds = range(first, first + count) if count else None
        for played in pool.imap_unordered(_play, seeds) if seeds else _played(pool, first, minutes):
            total.add(played)
            if played.findings:
                failed += 1
                print(played, flush=True)
                print(f"Play it again: make simulate SEED={played.seed}", flush=True)
                if not keep_going:
                    break
    print(total)
    print(f"{failed} of them with findings." if failed else "Nothing was found.")
    return int(bool(failed))


def _played(pool: multiprocessing.pool.Pool, first: int, minutes: float) -> Iterator[Played]:
    """Yield what came of new seeds until the minutes are over. A pool reads ahead all that it is given."""
    seeds, until = itertools.count(first), time.monotonic() + minutes * 60
    while time.monotonic() < until:
        yield from pool.imap_unordered(_play, list(itertools.islice(seeds, _SEEDS_AT_A_TIME)))


def _play(seed: int) -> Played:
    return play(seed)[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
