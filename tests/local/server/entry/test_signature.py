"""Signatures: botocore makes them, the cloud takes them; anything else is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.server.entry.signature import Received, SignatureError, check, read

SECRET = "s" * 40
HOST = "127.0.0.1:4566"
KINDS = [("sqs", SigV4Auth), ("s3", S3SigV4Auth), ("sqs", SigV4QueryAuth), ("s3", S3SigV4QueryAuth)]
PATHS = [
    "/",
    "/bucket/a/b%20c%2B%25.txt",
    "/a//b/../c",
    "/2015-03-31/functions/arn%3Aaws%3Alambda",
    "/%C3%A9",
]
QUERY = "prefix=a%2Fb%20c%2B&list-type=2&empty="


def signed(service: str, kind: Any, path: str = "/", token: str | None = None, body: bytes = b"") -> Received:
    """Return a request as a client of botocore sends it."""
    request = AWSRequest("POST", f"http://{HOST}{path}?{QUERY}", data=body, headers={"X-Amz-Target": "a  b"})
    kind(Credentials("KEY", SECRET, token), service, "us-east-1").add_auth(request)
    found = urlsplit(str(request.url))
    headers = {"host": HOST, **{name.lower(): value for name, value in request.headers.items()}}
    return Received("POST", found.path, headers, parse_qsl(found.query, keep_blank_values=True), body)


def verdict(request: Received, secret: str = SECRET, later: timedelta = timedelta()) -> str:
    """Return AWS's code for what is wrong with a request, and "good" for nothing."""
    try:
        found = read(request)
        if found is None:
            return "unsigned"
        check(found, request, secret, datetime.now(UTC) + later)
    except SignatureError as error:
        return error.code
    return "good"


@pytest.mark.parametrize(("service", "kind"), KINDS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "token/+="])
def test_what_botocore_signs_is_taken(service: str, kind: Any, path: str, token: str | None) -> None:
    """In headers and in the query, for S3, which encodes paths once, and for the others."""
    request = signed(service, kind, path, token)
    assert verdict(request) == "good"
    assert verdict(request, "another secret") == "SignatureDoesNotMatch"
    found = read(request)
    assert found
    assert (found.access_key, found.token) == ("KEY", token or "")


@pytest.mark.parametrize(("service", "kind"), KINDS)
def test_what_was_changed_is_refused(service: str, kind: Any) -> None:
    """Method, path, query, a signed header: all are signed."""
    request = signed(service, kind, "/bucket/key")
    changes: list[dict[str, Any]] = [
        {"method": "DELETE"},
        {"raw_path": "/bucket/other"},
        {"query": [*request.query, ("more", "1")]},
        {"headers": {**request.headers, "host": "localhost:4566"}},
    ]
    for change in changes:
        assert verdict(replace(request, **change)) == "SignatureDoesNotMatch", change


@pytest.mark.parametrize(("service", "kind"), KINDS[:3])
def test_a_changed_body_is_refused(service: str, kind: Any) -> None:
    """But for S3's presigned URLs, which leave it open."""
    request = signed(service, kind, body=b"" if kind is SigV4QueryAuth else b"body")
    assert verdict(request) == "good"
    assert verdict(replace(request, body=b"evil")) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("payload", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_a_body_of_s3_may_be_unsigned(payload: str) -> None:
    """What stands for its digest is signed itself."""
    request = AWSRequest("PUT", f"http://{HOST}/b/k", headers={"X-Amz-Content-SHA256": payload})
    auth: Any = S3SigV4Auth(Credentials("KEY", SECRET), "s3", "us-east-1")
    auth._modify_request_before_signing = auth._set_necessary_date_headers
    auth.add_auth(request)
    headers = {"host": HOST, **{name.lower(): value for name, value in request.headers.items()}}
    sent = Received("PUT", "/b/k", headers, [], b"anything")
    assert verdict(sent) == "good"
    changed = {**headers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" if payload[0] == "S" else "STREAMING"}
    assert verdict(replace(sent, headers=changed)) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(("service", "kind"), KINDS)
def test_a_signature_ends(service: str, kind: Any) -> None:
    """A quarter of an hour after it was made, or when its URL says; and none is of the future."""
    request = signed(service, kind)
    presigned = kind in (SigV4QueryAuth, S3SigV4QueryAuth)
    late = "RequestExpired" if presigned else "RequestTimeTooSkewed"
    assert verdict(request, later=timedelta(minutes=14)) == "good"
    assert verdict(request, later=timedelta(hours=2)) == late
    assert verdict(request, later=-timedelta(minutes=16)) == late


SCOPE = "KEY/20260101/us-east-1/sqs/aws4_request"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer token",
        "AWS KEY:signature",
        "AWS4-HMAC-SHA256",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, Signature=0",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=",
        "AWS4-HMAC-SHA256 Credential=KEY, SignedHeaders=host, Signature=00",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00",
        ",".join([f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00"] * 2),
        f"AWS4-ECDSA-P256-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00",
    ],
)
def test_what_is_no_signature_is_refused(authorization: str) -> None:
    """Also two at once, and one without a time."""
    assert (
        verdict(Received("GET", "/", {"host": HOST, "authorization": authorization})) == "IncompleteSignature"
    )


@pytest.mark.parametrize(
    "query",
    [
        [("X-Amz-Algorithm", "none")],
        [("X-Amz-Algorithm", "AWS4-HMAC-SHA256")],
        [("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", SCOPE), ("X-Amz-Credential", SCOPE)],
    ],
)
def test_what_is_no_signature_in_the_query_is_refused(query: list[tuple[str, str]]) -> None:
    """Nothing is left to be taken for a default."""
    assert verdict(Received("GET", "/", {"host": HOST}, query)) == "IncompleteSignature"


def test_the_host_must_be_signed() -> None:
    """A signature that leaves it out would be good for every cloud with this secret."""
    request = AWSRequest("GET", f"http://{HOST}/")
    auth: Any = SigV4Auth(Credentials("KEY", SECRET), "sqs", "us-east-1")
    chosen = auth.headers_to_sign

    def without_host(asked: Any) -> Any:
        headers = chosen(asked)
        del headers["host"]
        return headers

    auth.headers_to_sign = without_host
    auth.add_auth(request)
    headers = {"host": HOST, **{name.lower(): value for name, value in request.headers.items()}}
    assert verdict(Received("GET", "/", headers)) == "IncompleteSignature"


def test_a_request_without_any_is_unsigned() -> None:
    """It is no error here: some addresses need none."""
    assert verdict(Received("GET", "/", {"host": HOST})) == "unsigned"
