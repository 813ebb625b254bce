"""The former signature of a presigned URL: boto3 makes it, nothing else is taken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.config import Config

from local.server.entry.signature import Received, SignatureError
from local.server.entry.signature_v2 import check, read

SECRET = "s" * 40


def presigned(name: str = "get_object", **more: Any) -> Received:
    """Return a request to a URL that boto3 made."""
    make: Any = boto3.client
    s3 = make(
        "s3",
        endpoint_url="http://127.0.0.1:4566",
        region_name="us-east-1",
        aws_access_key_id="KEY",
        aws_secret_access_key=SECRET,
        config=Config(signature_version="s3"),
    )
    found = urlsplit(s3.generate_presigned_url(name, Params={"Bucket": "b", "Key": "a b+c", **more}))
    query = parse_qsl(found.query, keep_blank_values=True)
    return Received("PUT" if "put" in name else "GET", found.path, {"host": found.netloc}, query)


def verdict(request: Received, secret: str = SECRET, later: timedelta = timedelta()) -> str:
    """Return AWS's code for what is wrong with a request, and "good" for nothing."""
    found = read(request)
    if found is None:
        return "unsigned"
    try:
        check(found, request, secret, datetime.now(UTC) + later)
    except SignatureError as error:
        return error.code
    return "good"


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("get_object", {}),
        ("get_object", {"VersionId": "v", "ResponseContentType": "text/plain; charset=utf-8"}),
        ("put_object", {"Metadata": {"a": "b"}, "ContentType": "text/csv"}),
    ],
)
def test_what_boto3_presigns_is_taken(name: str, more: dict[str, Any]) -> None:
    """With the subresources and headers that are signed; until its time is over."""
    request = presigned(name, **more)
    assert verdict(request) == "good"
    assert verdict(request, "another") == "SignatureDoesNotMatch"
    assert verdict(request, later=timedelta(hours=2)) == "RequestExpired"


def test_what_was_changed_is_refused() -> None:
    """Method, path, a signed parameter, the time."""
    request = presigned(VersionId="v")
    other = [(name, "w" if name == "versionId" else value) for name, value in request.query]
    longer = [(name, str(int(value) + 1) if name == "Expires" else value) for name, value in request.query]
    assert verdict(replace(request, method="DELETE")) == "SignatureDoesNotMatch"
    assert verdict(replace(request, raw_path="/b/other")) == "SignatureDoesNotMatch"
    assert verdict(replace(request, query=other)) == "SignatureDoesNotMatch"
    assert verdict(replace(request, query=longer)) == "SignatureDoesNotMatch"


def test_a_key_of_the_new_form_beside_it_is_refused() -> None:
    """One key is checked, and no other one is believed."""
    request = presigned()
    assert verdict(replace(request, query=[*request.query, ("x-amz-credential", "ROOT/x")])) == "unsigned"
