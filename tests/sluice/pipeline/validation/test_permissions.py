"""Permissions are named in full, and a wildcard has a reason."""

from __future__ import annotations

from typing import Any

import pytest

from sluice import Allow, Job, Manual, Pipeline, read, write
from sluice.errors import PipelineError
from sluice.pipeline.validation import validate

WORKGROUP = "arn:aws:athena:eu-west-1:123456789012:workgroup/reports"


def check(permission: Any, *, of_step: bool) -> None:
    """Validate a pipeline that has a permission, or whose step has it."""
    given: dict[str, Any] = {"permissions": [permission]}
    job = Job("work", image="busybox", command=["true"], **(given if of_step else {}))
    validate(Pipeline(name="p", triggers=[Manual()], steps=[job], **({} if of_step else given)), "p.py")


@pytest.mark.parametrize("of_step", [True, False], ids=["step", "pipeline"])
@pytest.mark.parametrize(
    "permission",
    [
        read("s3://team-reference/rates/*"),
        read("s3://team-reference/rates/eur.csv"),
        write("s3://team-reference/out/a*"),
        read("s3://team-reference/*", reason="every file of it is reference data"),
        Allow("athena:StartQueryExecution", WORKGROUP),
        Allow(["athena:StartQueryExecution", "athena:GetQueryResults"], [WORKGROUP, f"{WORKGROUP}2"]),
        Allow("cloudwatch:PutMetricData", "*", reason="it knows no resources"),
        Allow("dynamodb:Batch*", "arn:aws:dynamodb:eu-west-1:1:table/a", reason="reads and writes"),
    ],
    ids=str,
)
def test_permissions_are_taken(permission: Any, of_step: bool) -> None:
    """Of a pipeline, and of a step."""
    check(permission, of_step=of_step)


@pytest.mark.parametrize("of_step", [True, False], ids=["step", "pipeline"])
@pytest.mark.parametrize(
    ("permission", "mistake"),
    [
        ("s3:GetObject", r"permissions\[0\]: expected Allow or S3Access, found 's3:GetObject'"),
        (read("team-reference/rates/*"), r"\.uri: expected s3://bucket/key, or s3://bucket/prefix/\*"),
        (read("s3://team-*/rates/eur.csv"), r"\.uri: expected s3://bucket/key"),
        (read("s3://team-reference/*/eur.csv"), r"\.uri: expected s3://bucket/key"),
        (read("s3://team-reference/*"), r"\.reason: expected why it needs 's3://team-reference/\*'"),
        (write("s3://team-reference/*", reason=" "), r"\.reason: expected why it needs"),
        (Allow("StartQueryExecution", WORKGROUP), r"\.actions: expected a service and an action"),
        (Allow("*", WORKGROUP, reason="all"), r"\.actions: expected a service and an action, found '\*'"),
        (Allow("athena:StartQueryExecution", "reports"), r"\.resources: expected an ARN, found 'reports'"),
        (Allow("athena:*", WORKGROUP), r"\.reason: expected why it needs 'athena:\*'"),
        (Allow("athena:GetWorkGroup", f"{WORKGROUP}*"), r"\.reason: expected why it needs 'arn"),
        (Allow("cloudwatch:PutMetricData", "*"), r"\.reason: expected why it needs '\*'"),
        (Allow([], WORKGROUP), "expected at least one action and one resource"),
        (Allow(5, WORKGROUP), r"\.actions"),  # type: ignore[arg-type]
    ],
    ids=str,
)
def test_what_is_no_permission_is_a_mistake(permission: Any, mistake: str, of_step: bool) -> None:
    """It says where and what to write."""
    with pytest.raises(PipelineError, match=mistake) as found:
        check(permission, of_step=of_step)
    assert ("steps['work'].permissions" in str(found.value)) is of_step


def test_permissions_are_a_list() -> None:
    """One alone is none."""
    job = Job("work", image="busybox", command=["true"], permissions=read("s3://team/a/*"))  # type: ignore[arg-type]
    with pytest.raises(PipelineError, match=r"permissions: expected a list"):
        validate(Pipeline(name="p", triggers=[Manual()], steps=[job]), "p.py")
