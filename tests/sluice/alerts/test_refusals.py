"""A refusal of AWS names the line that would allow it."""

from __future__ import annotations

import pytest

from sluice import Allow, Job, Manual, Pipeline, read, write
from sluice.alerts.refusals import refusal_in
from sluice.pipeline.validation import validate

ROLE = "arn:aws:sts::123456789012:assumed-role/SlucePipelines-JobRole1/abc"
BUCKET = "arn:aws:s3:::team-reference"


def denied(action: str, resource: str = "", why: str = "because no identity-based policy allows it") -> str:
    """Return what AWS answers."""
    on = f' on resource: "{resource}"' if resource else ""
    return (
        f"ClientError: An error occurred (AccessDenied) when calling the X operation: User: {ROLE} is not"
        f" authorized to perform: {action}{on} {why}"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (denied("s3:GetObject", f"{BUCKET}/rates/eur.csv"), 'read("s3://team-reference/rates/*")'),
        (denied("s3:GetObjectVersion", f"{BUCKET}/eur.csv"), 'read("s3://team-reference/eur.csv")'),
        (denied("s3:ListBucket", BUCKET), 'read("s3://team-reference/PREFIX/*")'),
        (denied("s3:PutObject", f"{BUCKET}/a/b/c.csv"), 'write("s3://team-reference/a/b/*")'),
        (denied("s3:DeleteObject", f"{BUCKET}/a"), f'Allow("s3:DeleteObject", "{BUCKET}/a")'),
        (
            denied("athena:StartQueryExecution", "arn:aws:athena:eu-west-1:1:workgroup/x"),
            'Allow("athena:StartQueryExecution", "arn:aws:athena:eu-west-1:1:workgroup/x")',
        ),
        (
            "An error occurred (AccessDenied) when calling the HeadObject operation: Access Denied",
            'read("s3://BUCKET/PREFIX/*")',
        ),
        # Files may be named by anybody: the line to copy allows no more than it says.
        (denied("s3:GetObject", f"{BUCKET}/*/x"), 'read("s3://team-reference/PREFIX/*")'),
        (denied("s3:PutObject", f"{BUCKET}/a/b?.csv"), 'write("s3://team-reference/PREFIX/*")'),
        (denied("s3:GetObject", f"{BUCKET}/${{aws:username}}/x"), 'read("s3://team-reference/PREFIX/*")'),
        (denied("s3:DeleteObject", f"{BUCKET}/a*"), 'Allow("s3:DeleteObject", "arn:… of what it uses")'),
        (denied("sqs:SendMessage"), 'Allow("sqs:SendMessage", "arn:… of what it uses")'),
    ],
    ids=[
        "read",
        "an object",
        "list",
        "write",
        "delete",
        "another service",
        "no names",
        "any folder",
        "any letter",
        "a variable",
        "any object",
        "no resource",
    ],
)
def test_a_refusal_has_its_line(text: str, line: str) -> None:
    """As it is written in the pipeline's file."""
    found = refusal_in("exit code 1", text)
    assert found is not None
    assert found.line == f"permissions=[{line}]"


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: you are not authorized",
        denied("s3:GetObject", f"{BUCKET}/a", "with an explicit deny in a service control policy"),
        denied("secretsmanager:GetSecretValue", "arn:aws:s").replace("JobRole1", "ExecutionRole1"),
    ],
    ids=["no refusal", "explicit deny", "execution role"],
)
def test_what_no_permission_lifts_has_none(text: str) -> None:
    """Nobody is sent the wrong way."""
    assert refusal_in(text) is None


def test_the_lines_are_permissions_that_validation_takes() -> None:
    """A copy of one is no mistake."""
    names = {"read": read, "write": write, "Allow": Allow}
    for action, resource in (
        ("s3:GetObject", f"{BUCKET}/r/a"),
        ("s3:PutObject", f"{BUCKET}/r/a"),
        ("a:B", ROLE),
    ):
        found = refusal_in(denied(action, resource))
        assert found is not None
        permissions = eval(found.line.removeprefix("permissions="), names)  # noqa: S307 - our own words
        job = Job("work", image="busybox", command=["true"], permissions=permissions)
        validate(Pipeline(name="p", triggers=[Manual()], steps=[job]), "p")


def test_no_text_keeps_the_search_busy() -> None:
    """A reason may be long and made of anything: read in the square of its length, these would take hours."""
    for text in ("arn:" * 200_000, "arn: " * 200_000, "is not authorized to perform: " * 30_000):
        assert refusal_in(text) is None
    assert refusal_in("arn:" * 200_000 + " " + denied("s3:ListBucket", BUCKET)) is not None
