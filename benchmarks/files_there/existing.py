"""`sluice backfill` of objects that exist into groups, on the local cloud, where the bench put them directly.

Calls are those of the command at the cloud's endpoint. Then the same again with the ledger emptied, while the
command is killed (SIGKILL) at random moments and begun again. Either way each object must be in one run's
list, once: the lists are read.

    python -m benchmarks.files_there.existing [--objects 1000000] [--kills 3]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.files_there import filled_cloud
from benchmarks.files_there.deployed import Bench, deployed, is_of_command, wait
from sluice.grouping.group import Group, GroupState
from sluice.grouping.ledger import GroupLedger
from sluice.run.state import Run, RunState

OBJECTS = 1_000_000
KILLS = 3
GROUP = 10_000
_PIPELINE = f"""from sluice import Job, Pipeline, S3Upload

pipeline = Pipeline(
    name="existing-files",
    triggers=[
        S3Upload(
            bucket="{filled_cloud.BUCKET}",
            prefix="{filled_cloud.PREFIX}",
            suffix=".csv",
            group_within="15m",
            group_of={GROUP},
        )
    ],
    steps=[Job("one", image="busybox", command=["true"], memory=64)],
)
"""
_TRIGGER = f"s3-group://{filled_cloud.BUCKET}/{filled_cloud.PREFIX}*.csv"
_PER_GROUP = 130
"""Calls of a group of 10,000: 103 transactions with its files, and what reads, closes and hands it over."""
_SECONDS_A_RUN = 60
ALLOWANCE = 64
"""Listings that a listing in parallel may make besides."""


def measure(objects: int = OBJECTS, kills: int = KILLS) -> dict[str, Any]:
    """Return the calls of a backfill, and of one that was killed so often and begun again each time."""
    with _cloud_with(objects) as bench:
        whole = undisturbed(bench, objects)
        return whole | killed(bench, objects, sum(whole["calls"].values()), kills)


@contextmanager
def _cloud_with(objects: int) -> Iterator[Bench]:
    state = {filled_cloud.FILE: str(objects)}
    with deployed({"existing_files": _PIPELINE}, "benchmarks.files_there.filled_cloud", **state) as bench:
        yield bench


def undisturbed(bench: Bench, objects: int) -> dict[str, Any]:
    """Return the calls of a backfill; RuntimeError where they are too many."""
    bench.forget_calls()
    began = time.monotonic()
    _backfill(bench).wait_for_success()
    seconds = round(time.monotonic() - began)
    calls = bench.calls(is_of_command)
    found = {
        "objects": objects,
        "groups": _check(bench, objects, ""),
        "seconds": seconds,
        "calls": dict(sorted(calls.items())),
    }
    _check_calls(found)
    print(json.dumps(found), flush=True)
    return found


def killed(bench: Bench, objects: int, calls: int, kills: int) -> dict[str, Any]:
    """Return the calls of a backfill of objects that were processed, killed so often while it makes about so
    many calls.
    """
    bench.forget_calls()
    began = time.monotonic()
    killed_at = _killed(bench, calls, kills)
    seconds = round(time.monotonic() - began)
    found = bench.calls(is_of_command)
    _check(bench, objects, "~again")
    return {
        "killed_objects": objects,
        "killed_at": killed_at,
        "killed_seconds": seconds,
        "killed": dict(sorted(found.items())),
    }


def _killed(bench: Bench, calls: int, kills: int) -> list[int]:
    """Kill the command after random numbers of calls, then let it come to its end; return these numbers."""
    chance, found = random.Random(kills), list[int]()  # noqa: S311 - no secret
    for _ in range(kills):
        before = bench.calls(is_of_command).total()
        after = before + chance.randrange(calls // 20, calls // 2)
        command = _backfill(bench, "--again", "again")
        if command.kill_when(lambda after=after: bench.calls(is_of_command).total() >= after):  # type: ignore[misc]
            found.append(bench.calls(is_of_command).total() - before)
    _backfill(bench, "--again", "again").wait_for_success()
    return found


class _Command:
    """A process of the command."""

    def __init__(self, bench: Bench, *words: str) -> None:
        named = [sys.executable, "-m", "cli.main", "backfill", "existing-files", "--yes", "--json", *words]
        self._process = subprocess.Popen(named, cwd=bench.project, env=bench.environment())

    def wait_for_success(self) -> None:
        """Wait for its end; RuntimeError when it failed."""
        if code := self._process.wait():
            raise RuntimeError(f"Expected the backfill to succeed, found exit code {code}.")

    def kill_when(self, is_time: Callable[[], bool]) -> bool:
        """Kill it at this moment; return False when it ended before."""
        while self._process.poll() is None:
            # Not at every call: this asks the same process.
            if is_time():
                self._process.kill()
                self._process.wait()
                return True
            time.sleep(0.05)
        self.wait_for_success()
        return False


_backfill = _Command


def _check(bench: Bench, objects: int, repetition: str) -> int:
    """Return how many groups there are; RuntimeError unless each object is in one, once, each with a run."""
    ledger = GroupLedger(bench.client("dynamodb"), bench.outputs["LedgerTable"])
    trigger = f"{_TRIGGER}{repetition}@backfill"
    newest = ledger.newest("existing-files", trigger)
    if newest is None:
        raise RuntimeError(f"Expected groups of {trigger}, found none.")
    found: Counter[str] = Counter()
    for number in range(1, newest.number + 1):
        group = ledger.load("existing-files", trigger, number)
        if group is None or group.state is not GroupState.HANDED_OVER:
            raise RuntimeError(f"Expected the group {number} to be handed over, found {group}.")
        found.update(file.key for file in ledger.files(group))
        _check_run(bench, group)
    if len(found) != objects or found.total() != objects:
        raise RuntimeError(f"Expected {objects} objects in groups, found {len(found)} {found.total()} times.")
    return newest.number


def _check_run(bench: Bench, group: Group) -> None:
    """Raise RuntimeError unless the run of a group succeeded with all of its files."""

    def ended() -> Run | None:
        run = bench.ledger.load(group.run_id)
        return run if run is not None and run.state is not RunState.RUNNING else None

    run = wait(ended, f"the end of {group.run_id}", _SECONDS_A_RUN * group.number + 300)
    if run.state is not RunState.SUCCEEDED or run.trigger["files"] != group.files:
        raise RuntimeError(f"Expected {group.run_id} to succeed with {group.files} files, found {run}.")


def _check_calls(found: dict[str, Any]) -> None:
    pages = -(-found["objects"] // 1_000)
    lists = found["calls"].get("ListObjectsV2", 0)
    if lists > pages + ALLOWANCE + pages // 16:
        raise RuntimeError(f"Expected about one listing for 1,000 objects ({pages}), found {lists}.")
    rest = sum(found["calls"].values()) - lists
    if rest > 50 + _PER_GROUP * found["groups"]:
        raise RuntimeError(f"Expected {_PER_GROUP} calls for each of {found['groups']} groups, found {rest}.")


def _after(found: dict[str, Any], name: str) -> str:
    """Return how long it took, nothing for what was measured when that was not."""
    return f", after {found[name]:,} s" if name in found else ""


def table(found: dict[str, Any]) -> str:
    """Return what was measured."""
    names = sorted({*found["calls"], *found["killed"]})
    rows = [
        f"| {name} | {found['calls'].get(name, 0):,} | {found['killed'].get(name, 0):,} |" for name in names
    ]
    kills = ", ".join(f"{one:,}" for one in found["killed_at"])
    head = (
        f"{found['objects']:,} objects of the local cloud, {found['groups']:,} groups; each object is in one"
        f" of them, once{_after(found, 'seconds')}. Of {found['killed_objects']:,} the command was killed"
        f" after {kills} calls, and begun again each time{_after(found, 'killed_seconds')}."
    )
    return "\n".join(
        [
            head,
            "",
            f"| calls of the command | a backfill | one that was killed {len(found['killed_at'])} times |",
            "| --- | ---: | ---: |",
            *rows,
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--objects", type=int, default=OBJECTS)
    parser.add_argument("--kills", type=int, default=KILLS)
    given = parser.parse_args()
    measured = measure(given.objects, given.kills)
    print(json.dumps(measured))
    print(table(measured))
