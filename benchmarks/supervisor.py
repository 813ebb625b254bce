"""What a supervisor costs its job: the fork, each item, and its own memory beside a worker's.

python -m benchmarks.supervisor
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sluice.runtime.job_context import JobContext
from sluice.runtime.stored.result_parts import encode, failed_parts, result_parts
from sluice.runtime.supervisor.progress import Progress
from sluice.runtime.worker.forked import ForkedWorker
from sluice.runtime.worker.report import Report, Returned

_ITEMS = 100_000
MEMORY = "MiB of the supervisor's own, while 200 MiB of results pass through"
_LARGE, _LARGE_BYTES = 200, 1 << 20
_JOB = JobContext(run="r", step="s", generation=0, job_id="j", attempt=1, child=0)
_PRIVATE = re.compile(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", re.MULTILINE)


class _Bucket:
    """Takes everything, and notes the most memory that this process had for itself at the time."""

    most_kib = 0

    def put_object(self, **_: Any) -> Mapping[str, Any]:
        found = _PRIVATE.findall(Path("/proc/self/smaps_rollup").read_text())
        self.most_kib = max(self.most_kib, sum(map(int, found)))
        return {}


def measure() -> dict[str, float]:
    """Return milliseconds, microseconds and MiB; each in a process of its own."""
    return {
        name: float(_output(name)) for name in ("milliseconds of a fork", "microseconds of an item", MEMORY)
    }


def table(measured: Mapping[str, float]) -> str:
    """Return them as a table."""
    rows = [f"| {name} | {value:.1f} |" for name, value in measured.items()]
    return "\n".join(["| what | |", "| --- | ---: |", *rows])


def _output(name: str) -> str:
    command = [sys.executable, "-m", "benchmarks.supervisor", name]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _run(work: Callable[[Report], Returned]) -> tuple[float, float]:
    """Return the seconds that a worker took, and its supervisor's MiB."""
    import sluice.runtime.__main__  # noqa: F401 - the memory that a job begins with

    bucket, began = _Bucket(), time.perf_counter()
    parts, failures = result_parts(bucket, "work", _JOB), failed_parts(bucket, "work", _JOB)
    with Progress(_JOB, parts, failures) as progress:
        assert ForkedWorker().run(work, progress).has_returned
    return time.perf_counter() - began, bucket.most_kib / 1024


def _nothing(report: Report) -> Returned:
    return Returned(text="nothing")


def _many_items(report: Report) -> Returned:
    for number in range(_ITEMS):
        report.begins(number, "{}")
        report.finished(encode(number, number))
    return Returned(text="many")


def _large_items(report: Report) -> Returned:
    for number in range(_LARGE):
        report.begins(number, "{}")
        report.finished(encode(number, "x" * _LARGE_BYTES))
    return Returned(text="large")


MEASURED: Mapping[str, Callable[[], float]] = {
    "milliseconds of a fork": lambda: _run(_nothing)[0] * 1e3,
    "microseconds of an item": lambda: _run(_many_items)[0] / _ITEMS * 1e6,
    MEMORY: lambda: _run(_large_items)[1],
}


if __name__ == "__main__":
    print(MEASURED[sys.argv[1]]() if sys.argv[1:] else json.dumps(measure(), indent=1))
