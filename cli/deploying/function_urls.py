"""Whether a Region can give the pipelines with a webhook their addresses: not every Region has function
URLs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from sluice.pipeline.definition import Pipeline, Webhook

RESOURCE_TYPE = "AWS::Lambda::Url"
FIX = (
    "Choose another Region, or deploy with SLUICE_WEBHOOKS=false, which leaves those of webhooks out, and"
    " without SLUICE_CONSOLE."
)


class TypeReader(Protocol):
    """A client of CloudFormation."""

    def describe_type(self, **request: Any) -> Mapping[str, Any]:
        """Return a resource type that CloudFormation knows."""
        ...


def with_webhooks(pipelines: Iterable[Pipeline]) -> list[str]:
    """Return the names of the pipelines that have a webhook."""
    return [one.name for one in pipelines if any(isinstance(trigger, Webhook) for trigger in one.triggers)]


def region_has_function_urls(cloudformation: TypeReader) -> bool:
    """Return whether CloudFormation can make function URLs here: it knows the resource types of its own
    Region.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeType.html
    """
    try:
        cloudformation.describe_type(Type="RESOURCE", TypeName=RESOURCE_TYPE)
    except ClientError as refused:
        if refused.response["Error"]["Code"] in ("TypeNotFoundException", "TypeNotFound"):
            return False
        raise
    return True
