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

from stacks.blocks.consumers.alarms import ALARMS

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
    "vCPU-hour, on demand, general purpose": Price(0.048, "https://aws.amazon.com/ec2/pricing/on-demand/"),
}

# Those of trigger, fan_out, track and alert, and that of group, which is there while a pipeline gathers
# uploads.
QUEUES = 5
WEBHOOK_ALARMS = 2
"""Of a pipeline with a webhook, which none that comes with Sluice has: a request without an answer, and no
new secret.
"""
# Lambda keeps five connections to a queue open, each a ReceiveMessage that waits for up to 20 seconds:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_POLLS_A_MONTH = QUEUES * 5 * MONTH_SECONDS / 20
_SWEEPS_A_MONTH = 2 * MONTH_SECONDS / 300
_SWEEP_SECONDS = 0.1
# Messages set aside and their age, errors and throttles: of each queue and its function.
_ALARMED = QUEUES * ALARMS
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
    sweeps = _SWEEPS_A_MONTH * (_lambda_dollars(_SWEEP_SECONDS) + 3 * PRICES["sqs request"].dollars)
    return {
        f"{_POLLS_A_MONTH / 1e6:.1f} million polls of {QUEUES} empty queues": _POLLS_A_MONTH
        * PRICES["sqs request"].dollars,
        f"{_ALARMED} alarms": _ALARMED * PRICES["cloudwatch alarm, month"].dollars,
        f"{_SWEEPS_A_MONTH:,.0f} sweeps": sweeps,
        f"images of {_IMAGES_GB} GB": _IMAGES_GB * PRICES["ecr GB-month"].dollars,
    }


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


def text(results: Mapping[str, Any]) -> str:
    """Return the README's words on cost."""
    causes, first = idle(), results["run_calls"][0]
    lines = "\n".join(f"| {cause} | {dollars:.2f} |" for cause, dollars in causes.items())
    board = PRICES["cloudwatch dashboard, month"].dollars
    webhook = PRICES["secret, month"].dollars + WEBHOOK_ALARMS * PRICES["cloudwatch alarm, month"].dollars
    hour = PRICES["vCPU-hour, on demand, general purpose"].dollars
    return f"""Idle, a month, in US dollars (us-east-1, prices of {AS_OF}, without free tiers, which cover most of it):

| while nothing runs | $ |
| --- | ---: |
{lines}
| **together** | **{sum(causes.values()):.2f}** |

The dashboard is free as one of an account's first three and ${board:.2f} beyond; `SLUICE_DASHBOARD=false` leaves it out.
A pipeline with a webhook costs ${webhook:.2f} more: a secret and {WEBHOOK_ALARMS} alarms.
No machine, no NAT gateway, no load balancer. What you keep in the buckets and the ledger costs what S3 and DynamoDB charge.

A run's queues, Lambdas, ledger and S3 requests cost about **${run(first["calls"]):.4f}** with 10 children an array (calls as counted by
`make bench`). Its machines come on top: at about ${hour:.3f} a vCPU-hour on demand, an hour's work on 100 vCPUs is ${100 * hour:.2f}; spot
machines, which all queues but `steady` try first, usually cost less than half of that. Batch itself is free. Every price with its page:
[benchmarks/cost.py](benchmarks/cost.py).
"""  # noqa: E501 - Markdown, whose lines the README has as they are


if __name__ == "__main__":
    print(text(json.loads((Path(__file__).parent / "results.json").read_text())))
    print("\n".join(f"{name}: ${price.dollars:.10f}  {price.page}" for name, price in PRICES.items()))
