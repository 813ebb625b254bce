"""What Sluice costs while idle and for a run, from listed prices and counted calls.

Prices are those of us-east-1, in US dollars, as they were published in ``AS_OF``, without free tiers, taxes
and data transfer. They change: look at the pages that are named before you rely on them. ``python -m
benchmarks.cost`` prints the arithmetic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.blocks.consumers.alarms import ALARMS, RETRY_ALARMS
from stacks.configuration import Configuration

AS_OF = "early 2026"
MONTH_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Price:
    """A price in dollars for one unit, and the page that lists it."""

    dollars: float
    page: str


PRICES = {
    "sqs request": Price(0.40e-6, "https://aws.amazon.com/sqs/pricing/"),
    "lambda request": Price(0.20e-6, "https://aws.amazon.com/lambda/pricing/"),
    "lambda GB-second, arm64": Price(13.3334e-6, "https://aws.amazon.com/lambda/pricing/"),
    "dynamodb write unit": Price(0.625e-6, "https://aws.amazon.com/dynamodb/pricing/on-demand/"),
    "dynamodb read unit": Price(0.125e-6, "https://aws.amazon.com/dynamodb/pricing/on-demand/"),
    "s3 write": Price(5e-6, "https://aws.amazon.com/s3/pricing/"),
    "s3 read": Price(0.4e-6, "https://aws.amazon.com/s3/pricing/"),
    "cloudwatch alarm, month": Price(0.10, "https://aws.amazon.com/cloudwatch/pricing/"),
    "secret, month": Price(0.40, "https://aws.amazon.com/secrets-manager/pricing/"),
    "cloudwatch dashboard, month": Price(3.00, "https://aws.amazon.com/cloudwatch/pricing/"),
    "eventbridge event": Price(1.00e-6, "https://aws.amazon.com/eventbridge/pricing/"),
    "ecr GB-month": Price(0.10, "https://aws.amazon.com/ecr/pricing/"),
    "custom metric, month": Price(0.30, "https://aws.amazon.com/cloudwatch/pricing/"),
    "log GB, ingested": Price(0.50, "https://aws.amazon.com/cloudwatch/pricing/"),
    "log GB-month, kept": Price(0.03, "https://aws.amazon.com/cloudwatch/pricing/"),
    "public IPv4 address, hour": Price(0.005, "https://aws.amazon.com/vpc/pricing/"),
    "NAT gateway, hour": Price(0.045, "https://aws.amazon.com/vpc/pricing/"),
    "NAT gateway, GB": Price(0.045, "https://aws.amazon.com/vpc/pricing/"),
    "gp3 GB-month": Price(0.08, "https://aws.amazon.com/ebs/pricing/"),
    "s3 GB-month": Price(0.023, "https://aws.amazon.com/s3/pricing/"),
    "key, month": Price(1.00, "https://aws.amazon.com/kms/pricing/"),
    "vCPU-hour, on demand, general purpose": Price(0.048, "https://aws.amazon.com/ec2/pricing/on-demand/"),
}

# Those of trigger, fan_out, track and alert. That of group is there while a pipeline gathers uploads.
QUEUES = 4
WEBHOOK_ALARMS = 2
"""Of a pipeline with a webhook, which none that comes with Sluice has: a request without an answer, and no
new secret.
"""
# Lambda keeps five connections to a queue open, each a ReceiveMessage that waits for up to 20 seconds:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_POLLS_OF_A_QUEUE = 5 * MONTH_SECONDS / 20
_POLLS_A_MONTH = QUEUES * _POLLS_OF_A_QUEUE
_SWEEPS_A_MONTH = MONTH_SECONDS / 300
_SWEEP_SECONDS = 0.1
SWEEP_CALLS = {"dynamodb:Query": 8, "sqs:ReceiveMessage": 2}
"""Of a sweep that finds nothing: tests/lambdas/track/test_idle_sweep.py."""
_SWEEP_MESSAGES = 3
"""EventBridge sends its message, Lambda receives and deletes it; the schedule's own events cost nothing."""
_IDLE_QUERY_UNITS = 0.5
"""A read that is eventually consistent, and finds nothing."""
_SWEEP_LOG_GB = 500e-9
"""Lambda's own three lines of an invocation."""
# Messages set aside, and messages that wait: of each queue.
# And messages that are tried again, of the trigger's.
_ALARMED = QUEUES * ALARMS + RETRY_ALARMS
# Those of stacks/blocks/consumers/dashboard.py, some of them by each function that can end a run.
METRICS = 15
DISK_GIB = Configuration().disk_gib
_LAMBDA_GB = 0.5
_LAMBDA_SECONDS = 1.0
"""Of one invocation, a cold start included: more than any that was measured here."""
_IMAGES_GB = 0.3
# Of one call: a transaction writes at twice the price, a strong read of up to 4 KB is a unit.
_UNITS = {
    "TransactWriteItems": ("dynamodb write unit", 4),
    "UpdateItem": ("dynamodb write unit", 1),
    "PutItem": ("dynamodb write unit", 1),
}
_READS = {"Query": 2, "BatchGetItem": 2, "GetItem": 1}
_S3_WRITES = ("PutObject", "ListObjectsV2", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")


def idle() -> dict[str, float]:
    """Return the dollars of a month without any run, by cause."""
    return {
        f"{_POLLS_A_MONTH / 1e6:.1f} million polls of {QUEUES} empty queues": _POLLS_A_MONTH
        * PRICES["sqs request"].dollars,
        f"{_ALARMED} alarms": _ALARMED * PRICES["cloudwatch alarm, month"].dollars,
        f"{_SWEEPS_A_MONTH:,.0f} sweeps": sweeps(),
        f"images of {_IMAGES_GB} GB": images(),
    }


def images() -> float:
    """Return the dollars of a month for the images of a project."""
    return _IMAGES_GB * PRICES["ecr GB-month"].dollars


def of_webhook() -> float:
    """Return the dollars of a month for a webhook whose secret is rotated: a secret, and alarms."""
    return PRICES["secret, month"].dollars + WEBHOOK_ALARMS * PRICES["cloudwatch alarm, month"].dollars


def of_nat() -> float:
    """Return the dollars of a month for a NAT gateway with its address."""
    hours = MONTH_SECONDS / 3600
    return hours * (PRICES["NAT gateway, hour"].dollars + PRICES["public IPv4 address, hour"].dollars)


def of_grouping() -> float:
    """Return the dollars of a month for the queue, the alarms and the sweeps of pipelines that gather
    uploads.
    """
    polls = _POLLS_OF_A_QUEUE * PRICES["sqs request"].dollars
    return polls + (ALARMS + RETRY_ALARMS) * PRICES["cloudwatch alarm, month"].dollars + sweeps()


def sweeps() -> float:
    """Return the dollars of a month of sweeps that find nothing, of one queue."""
    queries = SWEEP_CALLS["dynamodb:Query"] * _IDLE_QUERY_UNITS
    messages = _SWEEP_MESSAGES + SWEEP_CALLS["sqs:ReceiveMessage"]
    return _SWEEPS_A_MONTH * (
        _lambda_dollars(_SWEEP_SECONDS)
        + messages * PRICES["sqs request"].dollars
        + queries * PRICES["dynamodb read unit"].dollars
        + _SWEEP_LOG_GB * PRICES["log GB, ingested"].dollars
    )


def run(calls: Mapping[str, int]) -> float:
    """Return the dollars of a run's calls and Lambda invocations; its machines come on top."""
    # Trigger, fan_out, the two states that alert publishes, and each end of a job.
    invocations = 5 + sum(count for name, count in calls.items() if name == "Track dynamodb:UpdateItem")
    messages = 3 * invocations * PRICES["sqs request"].dollars
    return (
        sum(_call_dollars(name) * count for name, count in calls.items())
        + invocations * _lambda_dollars(_LAMBDA_SECONDS)
        + messages
    )


def _lambda_dollars(seconds: float) -> float:
    return PRICES["lambda request"].dollars + seconds * _LAMBDA_GB * PRICES["lambda GB-second, arm64"].dollars


def _call_dollars(name: str) -> float:
    operation = name.rpartition(":")[2]
    if operation in _UNITS:
        unit, count = _UNITS[operation]
        return PRICES[unit].dollars * count
    if operation in _READS:
        return PRICES["dynamodb read unit"].dollars * _READS[operation]
    if operation == "PutEvents":
        return PRICES["eventbridge event"].dollars
    if "s3:" in name:
        return PRICES["s3 write" if operation in _S3_WRITES else "s3 read"].dollars
    return 0.0


def besides_machines() -> str:
    """Return the table of what a run costs besides machines, for docs/cost.md."""
    dollars = {name: price.dollars for name, price in PRICES.items()}
    hour = MONTH_SECONDS / 3600
    disk = DISK_GIB * dollars["gp3 GB-month"] / hour
    metrics = METRICS * dollars["custom metric, month"]
    rows = [
        (
            "a public address of each machine, or task of Fargate",
            f"${dollars['public IPv4 address, hour']:.3f} an hour",
            "none in subnets behind NAT, or of yours",
        ),
        (
            f"the disk of each machine, {DISK_GIB} GiB",
            f"${disk:.4f} an hour",
            "`SLUICE_DISK_GIB`; Fargate's first 20 GiB are free",
        ),
        (
            "logs",
            f"${dollars['log GB, ingested']:.2f} a GB; ${dollars['log GB-month, kept']:.2f} a GB and month",
            "print less; `SLUICE_LOG_RETENTION_DAYS`",
        ),
        (
            f"{METRICS} custom metrics, by the hour in which something is written",
            f"at most ${metrics:.2f} a month",
            "only in hours with runs",
        ),
        (
            "results, and what a run passes on",
            f"${dollars['s3 GB-month']:.3f} a GB and month; ${dollars['s3 write'] * 1000:.3f} a 1,000 writes",
            "the cleanup removes the latter",
        ),
        (
            "NAT (`SLUICE_NAT=true`), also while nothing runs",
            f"**${of_nat():.2f} a month**, and ${dollars['NAT gateway, GB']:.3f} a GB that goes through it",
            "S3 and DynamoDB go past it; images and logs do not",
        ),
        (
            "your key (`SLUICE_KMS_KEY`)",
            f"${dollars['key, month']:.2f} a month, and requests",
            "buckets have a key of their own, so that objects cost none",
        ),
    ]
    lines = "\n".join(f"| {what} | {price} | {less} |" for what, price, less in rows)
    return f"\n| what | price | how it is less |\n| --- | --- | --- |\n{lines}\n\n"


def text(results: Mapping[str, Any]) -> str:
    """Return the README's words on cost."""
    causes, first = idle(), results["run_calls"][0]
    lines = "\n".join(f"| {cause} | {dollars:.2f} |" for cause, dollars in causes.items())
    board = PRICES["cloudwatch dashboard, month"].dollars
    hour = PRICES["vCPU-hour, on demand, general purpose"].dollars
    return f"""Idle, a month, in US dollars (us-east-1, prices of {AS_OF}, without free tiers, which cover most of it):

| while nothing runs | $ |
| --- | ---: |
{lines}
| **together** | **{sum(causes.values()):.2f}** |

The dashboard is free as one of an account's first three and ${board:.2f} beyond; `SLUICE_DASHBOARD=false` leaves it out.
A pipeline with a webhook costs ${of_webhook():.2f} more: a secret and {WEBHOOK_ALARMS} alarms. Pipelines that gather uploads
(`group_within=`) cost ${of_grouping():.2f} more together: a queue with its alarms.
No machine, no NAT gateway, no load balancer. What you keep in the buckets and the ledger costs what S3 and DynamoDB charge.

A run's queues, Lambdas, ledger and S3 requests cost about **${run(first["calls"]):.4f}** with 10 children an array (calls as counted by
`make bench`). Its machines come on top: at about ${hour:.3f} a vCPU-hour on demand, an hour's work on 100 vCPUs is ${100 * hour:.2f}; spot
machines, which all queues but `steady` try first, usually cost less than half of that. Batch itself is free. Every price with its page:
[benchmarks/cost.py](benchmarks/cost.py); what else a run costs: [docs/cost.md](docs/cost.md).
"""  # noqa: E501 - Markdown, whose lines the README has as they are


if __name__ == "__main__":
    print(text(json.loads((Path(__file__).parent / "results.json").read_text())))
    print("\n".join(f"{name}: ${price.dollars:.10f}  {price.page}" for name, price in PRICES.items()))
