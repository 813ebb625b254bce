"""Many runs of word-count at once on the local cloud, with IAM enforced, SubmitJob throttled and machines
taken away.

Each file is a text of its own with two pieces, so a run is a plan, two arrays of two children, a merge and a
cleanup. All files are uploaded at once. The engine lets 50 SubmitJob a second through, as AWS does, and takes
away spot hosts for about a twentieth of the attempts. What is printed was looked up first, and an error says
what is otherwise: each file has one run, which succeeded; each step of it one job, whose children all
succeeded; its counts equal an independent count of the file's words; no alert was sent.

    python -m benchmarks.load [--runs 1000] [--reclaimed 0.05]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.run_calls import all_told, free_port
from cli.aws import client_of, outputs
from cli.commands.demo import files
from cli.commands.demo.reference import word_counts
from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from local.server.process import control
from sluice import keys
from sluice.ledger import records as ledger_items
from sluice.limits import MAX_DESCRIBE_JOBS
from sluice.run.job_names import JobName
from sluice.run.state import RunState

RUNS = 1_000
RECLAIMED = 0.05
SUBMITS_A_SECOND = 50
STEPS = {"split": 0, "count": 2, "rank": 2, "merge": 0, "cleanup": 0}
"""How many children the job of each step has."""

_BYTES = 70_000
_SECONDS_A_RUN = 5
_AT_ONCE = 8
_POLL_SECONDS = 10.0
_SHOWN = 10
Found = Iterator[str]
"""Sentences about what is not as it should be."""


def measure(runs: int = RUNS, reclaimed: float = RECLAIMED) -> dict[str, Any]:
    """Return what became of so many runs; RuntimeError when one did not succeed, or something was done
    twice.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = LocalCloudPaths(free_port(), Path(folder) / "cloud")
        process.start(place)
        try:
            deploy(place, lambda _: None)
            control(
                place,
                "PUT",
                "faults",
                {
                    "seed": runs,
                    "submits_a_second": SUBMITS_A_SECOND,
                    "interrupted_attempts": reclaimed,
                    "notice_seconds": 0,
                },
            )
            control(place, "DELETE", "calls")
            return _Load(place, _texts(runs)).measured()
        finally:
            process.stop(place)


def _texts(runs: int) -> dict[str, bytes]:
    """Return a text for each key: a cut of the licences, each from another place."""
    text = files.text()
    return {
        f"word-count/load-{number:05d}.txt": _cut(text, number * (len(text) - 2 * _BYTES) // runs)
        for number in range(runs)
    }


def _cut(text: bytes, start: int) -> bytes:
    return text[start : start + _BYTES].decode(errors="ignore").encode()


class _Load:
    def __init__(self, place: LocalCloudPaths, texts: Mapping[str, bytes]) -> None:
        self._place = place
        self._texts = texts
        self._client = partial(client_of, place)
        self._outputs = outputs(self._client("cloudformation"))

    def measured(self) -> dict[str, Any]:
        """Upload the files, wait for their runs, look at everything, and return the figures."""
        began = time.monotonic()
        self._upload()
        uploaded = time.monotonic() - began
        runs = self._ended()
        seconds = time.monotonic() - began
        jobs = self._jobs()
        children = self._children(jobs)
        self._assert(runs, jobs, children)
        return {
            "runs": len(runs),
            "jobs": len(jobs),
            "children": len(children),
            "reclaimed": sum(map(_reclaimed, children)),
            "throttled": self._submit_calls() - len(jobs),
            "upload_seconds": round(uploaded, 1),
            "seconds": round(seconds, 1),
        }

    def _upload(self) -> None:
        put = partial(self._client("s3").put_object, Bucket=self._outputs["InboxBucket"])
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda key: put(Key=key, Body=self._texts[key]), self._texts))

    def _ended(self) -> list[tuple[str, str, str]]:
        """Return (run, key, state) of all runs once each file has one that has ended, no job is under way and
        no message waits.
        """
        deadline = time.monotonic() + 120 + _SECONDS_A_RUN * len(self._texts)
        while time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            runs = list(self._runs())
            open_ = [run_id for run_id, _, state in runs if state == RunState.RUNNING]
            if len(runs) >= len(self._texts) and not open_ and self._quiet():
                return runs
        raise RuntimeError(
            f"Expected {len(self._texts)} runs to end, found {len(runs)}, of which {len(open_)} run:"
            f" {open_[:_SHOWN]}."
        )

    def _quiet(self) -> bool:
        return all_told(self._place) and all(job["status"] in ("SUCCEEDED", "FAILED") for job in self._jobs())

    def _runs(self) -> Iterator[tuple[str, str, str]]:
        pages = (
            self._client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self._outputs["LedgerTable"],
                FilterExpression="sk = :run",
                ExpressionAttributeValues=ledger_items.values(run=ledger_items.RUN),
            )
        )
        for item in (item for page in pages for item in page["Items"]):
            yield (
                item["pk"]["S"].removeprefix(ledger_items.RUN_PREFIX),
                json.loads(item["trigger"]["S"])["key"],
                item["state"]["S"],
            )

    def _jobs(self) -> list[Mapping[str, Any]]:
        everything = [{"name": "JOB_NAME", "values": ["word-count-*"]}]
        pages = (
            self._client("batch")
            .get_paginator("list_jobs")
            .paginate(jobQueue=self._outputs["NormalQueue"], filters=everything)
        )
        return [job for page in pages for job in page["jobSummaryList"]]

    def _children(self, jobs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        ids = [
            f"{job['jobId']}:{index}"
            for job in jobs
            for index in range(job.get("arrayProperties", {}).get("size", 0))
        ]
        batch = self._client("batch")
        groups = [ids[start : start + MAX_DESCRIBE_JOBS] for start in range(0, len(ids), MAX_DESCRIBE_JOBS)]
        return [job for group in groups for job in batch.describe_jobs(jobs=group)["jobs"]]

    def _submit_calls(self) -> int:
        return sum(
            call["count"] for call in control(self._place, "GET", "calls") if call["operation"] == "SubmitJob"
        )

    def _assert(
        self,
        runs: Sequence[tuple[str, str, str]],
        jobs: Sequence[Mapping[str, Any]],
        children: Sequence[Mapping[str, Any]],
    ) -> None:
        wrong = [
            *self._wrong_runs(runs),
            *_wrong_jobs(runs, jobs),
            *_wrong_children(jobs, children),
            *self._wrong_counts(runs),
        ]
        wrong += [
            f"an alert was sent: {message['subject'] or message['text']}"
            for message in control(self._place, "GET", "messages")
        ]
        if wrong:
            raise RuntimeError(
                "\n".join([f"{len(wrong)} things are not as they should be:", *wrong[:_SHOWN]])
            )

    def _wrong_runs(self, runs: Sequence[tuple[str, str, str]]) -> Found:
        of_key = Counter(key for _, key, _ in runs)
        yield from (f"{key} has {of_key[key]} runs" for key in self._texts if of_key[key] != 1)
        yield from (f"{run_id} is {state}" for run_id, _, state in runs if state != RunState.SUCCEEDED)

    def _wrong_counts(self, runs: Sequence[tuple[str, str, str]]) -> Found:
        s3, bucket = self._client("s3"), self._outputs["ResultsBucket"]
        for run_id, key, _ in runs:
            found = s3.get_object(Bucket=bucket, Key=keys.result("word-count", run_id, "counts.json"))[
                "Body"
            ].read()
            if json.loads(found) != word_counts(self._texts[key]):
                yield f"{run_id} did not count the words of {key}"


def _wrong_jobs(runs: Sequence[tuple[str, str, str]], jobs: Sequence[Mapping[str, Any]]) -> Found:
    found = Counter((job["jobName"], job["status"]) for job in jobs)
    expected = Counter(
        (str(JobName(run_id, step, 0)), "SUCCEEDED") for run_id, _, _ in runs for step in STEPS
    )
    yield from (
        f"{count} jobs {name} too many that {status}" for (name, status), count in (found - expected).items()
    )
    yield from (
        f"{count} jobs {name} are missing that {status}"
        for (name, status), count in (expected - found).items()
    )


def _wrong_children(jobs: Sequence[Mapping[str, Any]], children: Sequence[Mapping[str, Any]]) -> Found:
    expected = sum(STEPS[name.step] for name in map(JobName.parse, (job["jobName"] for job in jobs)) if name)
    if len(children) != expected:
        yield f"{len(children)} children instead of {expected}"
    for child in children:
        done = [attempt for attempt in child["attempts"] if attempt["container"].get("exitCode") == 0]
        if child["status"] != "SUCCEEDED" or len(done) != 1:
            yield f"{child['jobId']} is {child['status']} and ended well {len(done)} times"


def _reclaimed(child: Mapping[str, Any]) -> bool:
    return any(attempt.get("statusReason", "").startswith("Host EC2") for attempt in child["attempts"])


def table(found: Mapping[str, Any]) -> str:
    """Return what was measured as a table."""
    rows = [
        ("succeeded, with one job a step and the right counts", f"{found['runs']:,} runs"),
        ("jobs; children of their arrays", f"{found['jobs']:,}; {found['children']:,}"),
        (
            "children that lost their machine",
            f"{found['reclaimed']:,} ({found['reclaimed'] / found['children']:.1%})",
        ),
        (
            f"SubmitJob calls beyond {SUBMITS_A_SECOND} a second, refused and made again",
            f"{found['throttled']:,}",
        ),
        (
            "seconds to upload, and from the first upload to the last end",
            f"{found['upload_seconds']}, {found['seconds']}",
        ),
    ]
    return "\n".join(
        [
            f"| {found['runs']:,} runs of word-count at once | |",
            "| --- | --- |",
            *(f"| {what} | {value} |" for what, value in rows),
        ]
    )


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description="Many runs of word-count at once, throttled and with machines taken away."
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--reclaimed", type=float, default=RECLAIMED)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(words)
    measured = measure(given.runs, given.reclaimed)
    print(json.dumps(measured) if given.json else table(measured))


if __name__ == "__main__":
    main()
