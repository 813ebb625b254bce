"""AWS API calls of whole runs, counted at the endpoint: the same for 100, 10,000 and 1,000,000 items, but for
what the children do.

The same pipeline (plan → array → N_TO_N array → fan-in → cleanup) is deployed with 10 children for each
number of items. The calls of the Lambdas and of the single jobs are the control calls. The jobs of a pipeline
share a role, so the single jobs' calls are counted in a run with one item, whose two arrays are one job each:
what 18 more children of a small run add, by 18, is what such a job calls. How many calls a plan needs to
write a manifest of any size is printed by benchmarks/manifest.py.

    python -m benchmarks.run_calls [--items 100 10000 1000000]
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.aws import client_of, outputs
from cli.commands.demo.uploads import runs_by_key
from local.deployment.deploy import deploy
from local.paths import REPOSITORY, LocalCloudPaths
from local.server import process
from local.server.process import control
from sluice.ledger.ledger import Ledger
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.view import RunView
from sluice.run.state import RunState

SIZES = (100, 10_000, 1_000_000)
CHILDREN = 10
_ARRAYS = 2
_SECONDS = 300.0
_TEMPLATES = Path(__file__).parent / "items"
_COPIED = ("app.py", "cdk.json", "requirements.txt", "sluice", "stacks", "lambdas", "containers")
_ROLES = {stage: f"Control-{stage}" for stage in ("Trigger", "FanOut", "Track", "Alert")} | {
    "Group": "GroupingGroup"
}
"""What the names of the Lambdas' roles contain, by stage."""
Calls = Counter[tuple[str, str]]
"""How often (who, operation): who is a Lambda's stage or ``jobs``."""


def measure(sizes: Sequence[int] = SIZES) -> list[dict[str, Any]]:
    """Return for each number of items the calls of one run, by operation."""
    with tempfile.TemporaryDirectory() as folder:
        app = _app(Path(folder) / "app", sizes)
        place = LocalCloudPaths(free_port(), Path(folder) / "cloud")
        process.start(place)
        try:
            deploy(place, lambda _: None, app)
            _run(place, sizes[0], 1)  # warms the Lambdas' processes
            counted = [_counted(place, size) for size in sizes]
            single = _single_jobs(*counted[0][:2])
            return [
                _figures(size, calls, seconds, single)
                for size, (_, calls, seconds) in zip(sizes, counted, strict=True)
            ]
        finally:
            process.stop(place)


def _counted(place: LocalCloudPaths, size: int) -> tuple[Calls, Calls, float]:
    """Return the calls of a run with one item, and the calls and seconds of one with ``size`` items."""
    alone = _run(place, size, 1)[0]  # the trigger Lambda reads a pipeline's definition once, and keeps it
    return alone, *_run(place, size, size)


def _single_jobs(alone: Calls, small: Calls) -> int:
    """Return the calls of plan, fan-in and cleanup."""
    one_child = (_by_jobs(small) - _by_jobs(alone)) / (_ARRAYS * (CHILDREN - 1))
    return round(_by_jobs(alone) - _ARRAYS * one_child)


def _by_jobs(calls: Calls) -> int:
    return sum(count for (who, _), count in calls.items() if who == "jobs")


def _app(folder: Path, sizes: Sequence[int]) -> Path:
    """Return a folder with this app, but with a pipeline for each size instead of its own."""
    copied_app(folder)
    for size in sizes:
        _write_pipeline(folder, size)
    return folder


def copied_app(folder: Path) -> Path:
    """Return a folder with this app, but without its pipelines."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in _COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    (folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (folder / "pipelines").mkdir()
    return folder


def _write_pipeline(folder: Path, size: int) -> None:
    values = {"NAME": f"items-{size}", "PER_CHILD": str(-(-size // CHILDREN))}
    text = (_TEMPLATES / "pipeline.py.txt").read_text()
    for name, value in values.items():
        text = text.replace(name, value)
    (folder / "pipelines" / f"items_{size}.py").write_text(text)
    package = folder / "containers" / f"items_{size}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    shutil.copy(_TEMPLATES / "steps.py", package / "steps.py")


def _run(place: LocalCloudPaths, size: int, items: int) -> tuple[Calls, float]:
    """Run the pipeline of a size on a file that asks for a number of items; return its calls and seconds."""
    found = outputs(client_of(place, "cloudformation"))
    key = f"items-{size}/{items}-{time.monotonic_ns()}.txt"
    control(place, "DELETE", "calls")
    client_of(place, "s3").put_object(Bucket=found["InboxBucket"], Key=key, Body=str(items).encode())
    view = ended(place, found["LedgerTable"], key)
    if view.state is not RunState.SUCCEEDED:
        raise RuntimeError(
            f"Expected the run of {key} to succeed, found"
            f" {[(step.name, step.reason) for step in view.steps]}."
        )
    return calls_since_reset(place), view.seconds


def ended(place: LocalCloudPaths, table: str, key: str, pause: float = 0.1) -> RunView:
    dynamodb, batch = client_of(place, "dynamodb"), client_of(place, "batch")
    runs, deadline = RunReader(Ledger(dynamodb, table), batch), time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        run_id = runs_by_key(dynamodb, table).get(key)
        views = runs.read([run_id]) if run_id else []
        if views and views[0].ended and all_told(place):
            return views[0]
        time.sleep(pause)
    raise RuntimeError(f"Expected the run of {key} to end within {_SECONDS:.0f} s.")


def all_told(place: LocalCloudPaths) -> bool:
    """Return whether track has handled the last event: its queue, and every other, is empty."""
    sqs = client_of(place, "sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    queues = sqs.list_queues()["QueueUrls"]
    found = [sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"] for queue in queues]
    return not any(int(attributes[name]) for attributes in found for name in names)


def calls_since_reset(place: LocalCloudPaths) -> Calls:
    """Return the calls since the last reset, without those of this program."""
    found: Calls = Counter()
    for call in control(place, "GET", "calls"):
        if call["principal"] != "root":
            found[_who(call["principal"]), f"{call['service']}:{call['operation']}"] += call["count"]
    return found


def _who(principal: str) -> str:
    for stage, role in _ROLES.items():
        if role in principal:
            return stage
    return "jobs"


def _figures(items: int, calls: Calls, seconds: float, single: int) -> dict[str, Any]:
    lambdas = calls.total() - _by_jobs(calls)
    return {
        "items": items,
        "control": lambdas + single,
        "lambdas": lambdas,
        "per_child": round((_by_jobs(calls) - single) / (_ARRAYS * CHILDREN), 1),
        "submit_jobs": sum(
            count for (_, operation), count in calls.items() if operation.endswith(":SubmitJob")
        ),
        "seconds": round(seconds, 1),
        "calls": {f"{who} {operation}": count for (who, operation), count in sorted(calls.items())},
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the figures as Markdown: first the sums, then every operation."""
    names = sorted({name for row in rows for name in row["calls"]})
    head = "| | " + " | ".join(f"{row['items']:,} items" for row in rows) + " |"
    lines = [head, "| --- |" + " ---: |" * len(rows)]
    sums = {
        "control": "control calls of a run (aim: at most 40)",
        "lambdas": "of these by Lambdas",
        "submit_jobs": "SubmitJob calls (5 steps)",
    }
    sums |= {"per_child": "calls of a child, and of the fan-in for it", "seconds": "seconds"}
    lines += [
        "| " + " | ".join([what, *(str(row[name]) for row in rows)]) + " |" for name, what in sums.items()
    ]
    lines += [
        "| " + " | ".join([f"`{name}`", *(str(row["calls"].get(name, 0)) for row in rows)]) + " |"
        for name in names
    ]
    return "\n".join(lines)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="AWS API calls of whole runs.")
    parser.add_argument("--items", type=int, nargs="+", default=SIZES)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    measured = measure(given.items)
    print(json.dumps(measured) if given.json else table(measured))
