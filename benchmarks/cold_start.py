"""How long each Lambda takes from nothing to its first AWS call, beside a bare ``import boto3`` that makes
four clients.

Each figure is the median of fresh processes, and handlers and baseline take turns, so that a busy machine
slows both. The clock starts when the process is started and stops when its first request reaches a server of
ours; nothing in the process is patched.

    python -m benchmarks.cold_start [--rounds 15]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASELINE = "boto3 and four clients"
_CALL_HOME = (
    "; import socket; s = socket.create_connection(('127.0.0.1', {port})); s.sendall(b'GET /"
    " HTTP/1.0\\r\\n\\r\\n'); s.recv(1)"
)
_BOTO3 = "import boto3; [boto3.client(name) for name in ('batch', 's3', 'sns', 'dynamodb')]" + _CALL_HOME
_HANDLER = "import json; from lambdas.{name}.handler import handler; handler(json.loads({event!r}), None)"

_S3_DETAIL = {"bucket": {"name": "inbox"}, "object": {"key": "a.txt", "size": 1, "etag": "e"}}
_DEFINITION = {"bucket": "assets", "key": "1.json"}
_JOB = {"jobName": "p-" + "a" * 20 + "_count_0", "jobId": "1", "status": "SUCCEEDED"}
BODIES: dict[str, dict[str, object]] = {
    "trigger": {
        "pipeline": "p",
        "trigger": "s3",
        "definition": _DEFINITION,
        "detail": _S3_DETAIL,
        "version": 1,
    },
    "fan_out": {
        "run": "p-1",
        "step": "split",
        "generation": 0,
        "job_id": "1",
        "items": 1,
        "manifest": "m",
        "version": 1,
    },
    "track": {"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": _JOB},
    "alert": {"run": "p-1", "step": "split", "version": 1},
}
_REQUEST = {
    "requestContext": {"http": {"method": "POST"}},
    "headers": {},
    "body": "{}",
    "isBase64Encoded": False,
}
_SETTINGS = {
    "SLUICE_PIPELINE": "p",
    "SLUICE_DEFINITION_BUCKET": "assets",
    "SLUICE_DEFINITION_KEY": "1.json",
    "SLUICE_TRIGGER_QUEUE": "https://trigger",
    "SLUICE_SECRET": "secret",
    "SLUICE_SIGNATURE": "standard",
    "SLUICE_SCHEMA": "none",
    "SLUICE_LEDGER_TABLE": "ledger",
    "SLUICE_QUEUES": "normal=arn",
    "SLUICE_ALERT_QUEUE": "https://queue",
    "SLUICE_DEAD_LETTER_QUEUE": "https://dead",
    "SLUICE_WORK_BUCKET": "work",
    "SLUICE_RESULTS_BUCKET": "results",
    "SLUICE_ALERT_TOPIC": "topic",
    "SLUICE_PHONE_TOPIC": "phones",
}


def programs(port: int) -> dict[str, str]:
    """Return what is measured: the baseline's program, and one for each handler."""
    events = {name: _event(body) for name, body in BODIES.items()} | {"webhook": json.dumps(_REQUEST)}
    return {BASELINE: _BOTO3.format(port=port)} | {
        name: _HANDLER.format(name=name, event=event) for name, event in events.items()
    }


def _event(body: dict[str, object]) -> str:
    record = {"messageId": "1", "receiptHandle": "r", "body": json.dumps(body), "eventSource": "aws:sqs"}
    return json.dumps({"Records": [record]})


def environment(port: int) -> dict[str, str]:
    """Return the environment that Lambda gives a function, with the endpoint of all services at our
    server.
    """
    lambda_gives = {
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    keys = {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SLUICE_", "POWERTOOLS_"))
    }
    return {**inherited, **_SETTINGS, **lambda_gives, **keys, "PYTHONPATH": str(ROOT)}


def first_call_ms(program: str, server: socket.socket) -> float:
    """Start a process and return the milliseconds until its first request came."""
    env = environment(server.getsockname()[1])
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", program], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                return (time.perf_counter() - start) * 1000
        except TimeoutError:
            process.kill()
            raise RuntimeError(process.communicate()[1].decode()) from None
        finally:
            process.kill()


def measure(rounds: int) -> dict[str, float]:
    """Return the median of each program in milliseconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        measured = programs(server.getsockname()[1])
        times: dict[str, list[float]] = {name: [] for name in measured}
        for number in range(rounds + 1):
            for name, program in measured.items():
                milliseconds = first_call_ms(program, server)
                if number:  # The first round fills the disk's cache.
                    times[name].append(milliseconds)
    return {name: statistics.median(values) for name, values in times.items()}


def table(medians: dict[str, float]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| from nothing to the first AWS call | ms | of the baseline |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {value:.0f} | {value / medians[BASELINE]:.2f} |" for name, value in medians.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    sys.stdout.write(table(measure(parser.parse_args().rounds)) + "\n")
