"""A set of files that arrive in one burst, in any order, with each of S3's events delivered twice: one run,
with all of them. The calls are those of the group Lambda at the local cloud's endpoint.

    python -m benchmarks.files_there.set_burst [--files 10000]
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from benchmarks.files_there.deployed import Bench, deployed, wait
from benchmarks.run_calls import all_told
from sluice.pipeline.definition import FileSet
from sluice.pipeline.trigger_names import set_name
from sluice.run.state import Run, RunState
from sluice.sets.ledger import SetLedger

FILES = 10_000
_NAME = "whole-days"
_DAY = "2026-11-28"
_SET = f"{_NAME}/{{date}}/{{part:05}}.txt"
_SECONDS_A_FILE = 0.5


def pipeline(files: int) -> str:
    """Return the text of a pipeline whose set has so many files."""
    return f"""from sluice import FileSet, Job, Pipeline

pipeline = Pipeline(
    name="{_NAME}",
    triggers=[FileSet("{_SET}", expect={files})],
    steps=[Job("one", image="busybox", command=["true"], memory=64)],
)
"""


def measure(files: int = FILES) -> dict[str, Any]:
    """Return what became of a set of so many files; RuntimeError unless it is one run with all of them."""
    with deployed({"whole_days": pipeline(files)}) as bench, _every_event_twice(bench):
        bench.forget_calls()
        versions = _upload(bench, files)
        run = wait(lambda: _ended(bench), "the run of the set", 300 + _SECONDS_A_FILE * files)
        wait(lambda: all_told(bench.place), "the end of all events", 300 + _SECONDS_A_FILE * files)
        calls = bench.calls(lambda principal: "GroupingGroup" in principal)
        found = _check(bench, run, versions)
    return {"files": files, "runs": 1, "events": found, "calls": dict(sorted(calls.items()))}


@contextmanager
def _every_event_twice(bench: Bench) -> Iterator[None]:
    """Give the rule of the set a twin that fills the same queue."""
    events = bench.client("events")
    rules = [one for one in events.list_rules()["Rules"] if _is_of_set(one)]
    if len(rules) != 1:
        raise RuntimeError(f"Expected one rule of the set, found {[one['Name'] for one in rules]}.")
    (rule,) = rules
    twin = f"{rule['Name'][:-4]}twin"
    targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    events.put_rule(Name=twin, EventPattern=rule["EventPattern"])
    events.put_targets(Rule=twin, Targets=targets)
    yield
    events.remove_targets(Rule=twin, Ids=[one["Id"] for one in targets])
    events.delete_rule(Name=twin)


def _is_of_set(rule: Mapping[str, str]) -> bool:
    return f'"{_NAME}/' in rule.get("EventPattern", "")


def _upload(bench: Bench, files: int) -> dict[str, str]:
    """Upload the files in an order by chance, eight at a time; return their versions by their keys."""
    numbers = list(range(files))
    random.Random(files).shuffle(numbers)  # noqa: S311 - no secret
    s3, bucket = bench.client("s3"), bench.outputs["InboxBucket"]

    def put(number: int) -> tuple[str, str]:
        key = f"{_NAME}/{_DAY}/{number:05}.txt"
        return key, str(s3.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"])

    with ThreadPoolExecutor(8) as pool:
        return dict(pool.map(put, numbers))


def _ended(bench: Bench) -> Run | None:
    found = bench.runs(_NAME)
    run = bench.ledger.load(found[0]) if found else None
    return run if run is not None and run.state is not RunState.RUNNING else None


def _check(bench: Bench, run: Run, versions: dict[str, str]) -> int:
    """Return how many events the set recorded; RuntimeError unless its one run had every file once."""
    runs = bench.runs(_NAME)
    if len(runs) != 1 or run.state is not RunState.SUCCEEDED:
        raise RuntimeError(f"Expected one run that succeeded, found {runs}, and {run.state}.")
    if (run.trigger["files"], run.trigger["missing_count"]) != (len(versions), 0):
        raise RuntimeError(f"Expected a run with {len(versions)} files, found {dict(run.trigger)}.")
    ledger = SetLedger(bench.client("dynamodb"), bench.outputs["LedgerTable"])
    found = ledger.load(_NAME, set_name(FileSet(_SET, expect=len(versions))), {"date": _DAY})
    if found is None or {file.key: file.version_id for file in ledger.files(found)} != versions:
        raise RuntimeError(f"Expected a set of exactly the files that were uploaded, found {found}.")
    return found.events


def table(found: dict[str, Any]) -> str:
    """Return what was measured."""
    calls = ", ".join(f"{name} {count:,}" for name, count in found["calls"].items())
    total = sum(found["calls"].values())
    rows = [
        ("runs, with all files", f"{found['runs']}"),
        ("events delivered; recorded in the set", f"{2 * found['files']:,}; {found['events']:,}"),
        ("AWS calls of the group Lambda", f"{total:,} ({calls})"),
        ("files for one call", f"{found['files'] / total:.0f}"),
    ]
    return "\n".join(
        [
            f"| a set of {found['files']:,} files in one burst, each event twice | |",
            "| --- | --- |",
            *(f"| {what} | {value} |" for what, value in rows),
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=FILES)
    measured = measure(parser.parse_args().files)
    print(json.dumps(measured))
    print(table(measured))
