"""Which file systems a job may mount."""

from __future__ import annotations

import json
from typing import Any

from tests.stacks.templates import Template, many, text


def test_a_job_may_mount_what_it_names(everything: dict[str, Template]) -> None:
    """Through the access point only where there is one; reading is all that a read-only mount may do."""
    service = "arn:<AWS::Partition>:elasticfilesystem:<AWS::Region>:<AWS::AccountId>"
    system = f"{service}:file-system/fs-0123456789abcdef0"
    found = [
        one
        for role, one in everything["Pipelines"].statements()
        if "elasticfilesystem:ClientMount" in many(one["Action"])
    ]
    assert [text(one["Resource"]) for one in found] == [system, system]
    through: dict[str, Any] = {json.dumps(many(one["Action"])): one.get("Condition") for one in found}
    point = through['["elasticfilesystem:ClientMount"]']["StringEquals"]["elasticfilesystem:AccessPointArn"]
    assert text(point).endswith(":access-point/fsap-0123456789abcdef0")
    assert through['["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]'] is None
