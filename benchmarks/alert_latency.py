"""How long it takes until an alert is sent: from the end of the failed job, as Batch has it, to the e-mail in
the local cloud's mailbox.

On the way: Batch's event, EventBridge, the track queue and Lambda, the alert queue and Lambda, SNS. On AWS
each of these adds its own delay; what is measured here is what Sluice itself adds.

    python -m benchmarks.alert_latency [--rounds 10]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.run_calls import free_port
from cli.aws import client_of, outputs
from cli.commands.demo import files
from cli.commands.demo.uploads import runs_by_key
from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from local.server.process import control
from sluice.ledger.ledger import Ledger

ROUNDS = 10
_SECONDS = 120.0


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    """Return the milliseconds of each round but the first, which warms the Lambdas' processes and is reported
    apart.
    """
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, ALERT_EMAIL="somebody@example.com"):
        place = LocalCloudPaths(free_port(), Path(folder))
        process.start(place)
        try:
            deploy(place, lambda _: None)
            taken = [_round(place, number) for number in range(rounds + 1)]
        finally:
            process.stop(place)
    return {
        "cold": taken[0],
        "median": statistics.median(taken[1:]),
        "most": max(taken[1:]),
        "rounds": rounds,
    }


def _round(place: LocalCloudPaths, number: int) -> float:
    found = outputs(client_of(place, "cloudformation"))
    key = f"flights/broken-{number}.csv"
    client_of(place, "s3").put_object(Bucket=found["InboxBucket"], Key=key, Body=files.broken())
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        run = runs_by_key(client_of(place, "dynamodb"), found["LedgerTable"]).get(key)
        mails = [
            one
            for one in control(place, "GET", "messages")
            if run and run in one["text"] and "failed at" in one["subject"]
        ]
        if run and mails:
            return datetime.fromisoformat(mails[0]["at"]).timestamp() * 1000 - _stopped(
                place, found["LedgerTable"], run
            )
        time.sleep(0.2)
    raise RuntimeError(f"Expected an e-mail about {key} within {_SECONDS:.0f} s.")


def _stopped(place: LocalCloudPaths, table: str, run_id: str) -> float:
    """Return when the job of the failed step stopped, in milliseconds since 1970."""
    run = Ledger(client_of(place, "dynamodb"), table).load(run_id)
    if run is None or run.failed_step is None:
        raise RuntimeError(f"Expected {run_id} to have failed at a step.")
    [job] = client_of(place, "batch").describe_jobs(jobs=[run.steps[run.failed_step].job_id])["jobs"]
    return float(job["stoppedAt"])


def table(measured: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    rows = {
        f"median of {measured['rounds']}": measured["median"],
        "the longest": measured["most"],
        "the first, with cold Lambdas": measured["cold"],
    }
    head = ["| from a job's failure to the e-mail, on the local cloud | ms |", "| --- | ---: |"]
    return "\n".join([*head, *(f"| {what} | {value:.0f} |" for what, value in rows.items())])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="From a job's failure to the e-mail.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    result = measure(given.rounds)
    print(json.dumps(result) if given.json else table(result))
