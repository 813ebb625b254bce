"""The stand-in for OpsItems refuses what Systems Manager refuses, and the emulator's other calls of the
service still work.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.paths import LocalCloudPaths
from tests.local.server.test_cloud import client


def item(**changes: Any) -> dict[str, Any]:
    """Return a request."""
    return {"Title": "t", "Description": "d", "Source": "tests", **changes}


def deduplicated(text: str) -> dict[str, Any]:
    """Return operational data with a deduplication string."""
    return {"/aws/dedup": {"Type": "SearchableString", "Value": json.dumps({"dedupString": text})}}


def test_an_ops_item_is_there_once_for_its_deduplication_string(cloud: LocalCloudPaths) -> None:
    """Whatever the case of its letters; without one, each is new."""
    ssm = client(cloud, "ssm")
    made = ssm.create_ops_item(**item(OperationalData=deduplicated("Once")))["OpsItemId"]
    with pytest.raises(ClientError, match="OpsItemAlreadyExists"):
        ssm.create_ops_item(**item(OperationalData=deduplicated("once")))
    others = [ssm.create_ops_item(**item())["OpsItemId"] for _ in range(2)]
    listed = [one["OpsItemId"] for one in ssm.describe_ops_items()["OpsItemSummaries"]]
    assert {made, *others} <= set(listed)
    assert len({made, *others}) == 3


@pytest.mark.parametrize("wrong", [{"Title": "t" * 1025}, {"Description": "d" * 2049}])
def test_a_text_that_is_too_long_is_refused(cloud: LocalCloudPaths, wrong: dict[str, str]) -> None:
    """As on AWS."""
    with pytest.raises(ClientError, match="ValidationException"):
        client(cloud, "ssm").create_ops_item(**item(**wrong))


def test_parameters_still_work(cloud: LocalCloudPaths) -> None:
    """What is not ours is the emulator's."""
    ssm = client(cloud, "ssm")
    ssm.put_parameter(Name="ops-items", Value="v", Type="String")
    assert ssm.get_parameter(Name="ops-items")["Parameter"]["Value"] == "v"
