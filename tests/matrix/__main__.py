"""``make matrix`` and ``make load``: every case, and many runs at once.

python -m tests.matrix matrix [--only TEXT]
python -m tests.matrix load [--runs N] [--reclaimed SHARE]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence

from local.paths import REPOSITORY
from tests.matrix.cases import Case, Outcome, all_cases, expected, outcome, played
from tests.matrix.load import loaded
from tests.matrix.scenarios import scenarios

RESULTS = REPOSITORY / "benchmarks" / "results.json"
_SHOWN = 20


def main(words: Sequence[str]) -> int:
    """Do what is asked for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix")
    commands = parser.add_subparsers(dest="command", required=True)
    matrix = commands.add_parser("matrix")
    matrix.add_argument(
        "--only",
        default="",
        help="play only the cases whose line has this text, and show what happens in the first that fails",
    )
    load = commands.add_parser("load")
    load.add_argument("--runs", type=int, default=1000)
    load.add_argument("--reclaimed", type=float, default=0.05)
    given = parser.parse_args(words)
    if given.command == "matrix":
        return _matrix(given.only)
    print(done := loaded(given.runs, given.reclaimed))
    return int(bool(done.objections))


def _matrix(only: str) -> int:
    began = time.monotonic()
    cases = [case for case in all_cases() if only in str(case)]
    print(f"{len(cases):,} cases of {len(scenarios())} scenarios, found by running each once", flush=True)
    failed = _play(cases, began)
    _show(failed, with_output=bool(only))
    print(f"{len(cases) - len(failed):,} of {len(cases):,} cases passed in {time.monotonic() - began:.0f} s.")
    if not failed and not only:
        _keep(cases)
    return int(bool(failed))


def _play(cases: Sequence[Case], began: float) -> list[Outcome]:
    """Play all cases, and return the outcomes to which there are objections."""
    failed: list[Outcome] = []
    with _pool() as pool:
        for number, done in enumerate(pool.imap_unordered(outcome, cases, chunksize=20), 1):
            if done.objections:
                failed.append(done)
            if number % 500 == 0:
                seconds = time.monotonic() - began
                print(f"  {number:,} played, {len(failed)} failed, {seconds:.0f} s", flush=True)
    return failed


def _show(failed: Sequence[Outcome], *, with_output: bool) -> None:
    for one in failed[:_SHOWN]:
        print("\n".join([f"FAILED {one.case}", *(f"  {objection}" for objection in one.objections)]))
    if failed and with_output:
        print(played(failed[0].case).printed.getvalue())


def _keep(cases: Sequence[Case]) -> None:
    """Write the number of the cases where the README takes its figures from."""
    results = json.loads(RESULTS.read_text())
    single = [case for case in cases if case.then is None]
    calls = {(case.scenario, case.delivery_faults, case.call) for case in single if case.call is not None}
    found = {
        "cases": len(single),
        "calls": len(calls),
        "doubles": len(cases) - len(single),
        "scenarios": Counter(case.scenario for case in single),
    }
    if results.get("matrix") != found:
        RESULTS.write_text(json.dumps(results | {"matrix": found}, indent=1, ensure_ascii=False) + "\n")
        subprocess.run([sys.executable, "-m", "docs.pages"], check=True, cwd=REPOSITORY)


def _pool() -> multiprocessing.pool.Pool:
    for name in scenarios():  # What the processes share is made before they are.
        expected(name)
    return multiprocessing.get_context("fork").Pool(os.cpu_count())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
