"""Whether the Region can give the pipelines with a webhook their addresses: not every Region has function
URLs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from cli.checks.finding import Finding, Patient, error, not_checked, ok
from local.paths import REPOSITORY
from sluice.pipeline.definition import Pipeline, Webhook
from sluice.pipeline.loading import load_pipelines

TYPE = "AWS::Lambda::Url"
FIX = "Choose another Region, or deploy with SLUICE_WEBHOOKS=false, which leaves the addresses out."


def addresses(patient: Patient) -> Iterator[Finding]:
    """Look whether the Region has what the webhooks of this repository need."""
    names = with_webhooks(load_pipelines(REPOSITORY)) if patient.configuration.webhooks else []
    if not names:
        yield ok("No pipeline needs an address.")
    elif patient.local:
        yield not_checked("The local cloud gives addresses; whether a Region does is not known here.")
    elif has_addresses(patient.client("cloudformation")):
        yield ok(f"The Region has function URLs, for {', '.join(names)}.")
    else:
        yield error(f"The Region has no function URLs, which the webhooks of {', '.join(names)} need.", FIX)


def with_webhooks(pipelines: Iterable[Pipeline]) -> list[str]:
    """Return the names of the pipelines that have a webhook."""
    return [one.name for one in pipelines if any(isinstance(trigger, Webhook) for trigger in one.triggers)]


def has_addresses(cloudformation: Any) -> bool:
    """Return whether CloudFormation can make function URLs here: it knows the resource types of its own
    Region.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeType.html
    """
    try:
        cloudformation.describe_type(Type="RESOURCE", TypeName=TYPE)
    except ClientError as refused:
        if refused.response["Error"]["Code"] in ("TypeNotFoundException", "TypeNotFound"):
            return False
        raise
    return True
