"""Which operation of an AWS API a request is for: `PutObject`, `SubmitJob`, `SendMessage`, …"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qs

import botocore.session

Query = Mapping[str, list[str]]

# S3 shows the operation in the method, in what the path names and in a query parameter or header, in this
# order of decision
# (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html).
S3_OBJECT = (
    ("PUT", "partNumber", "UploadPart"),
    ("PUT", "x-amz-copy-source", "CopyObject"),
    ("PUT", "", "PutObject"),
    ("POST", "uploads", "CreateMultipartUpload"),
    ("POST", "uploadId", "CompleteMultipartUpload"),
    ("DELETE", "uploadId", "AbortMultipartUpload"),
    ("DELETE", "", "DeleteObject"),
    ("GET", "uploadId", "ListParts"),
    ("GET", "", "GetObject"),
    ("HEAD", "", "HeadObject"),
)
S3_BUCKET = (
    ("POST", "delete", "DeleteObjects"),
    ("GET", "list-type", "ListObjectsV2"),
    ("GET", "uploads", "ListMultipartUploads"),
    ("HEAD", "", "HeadBucket"),
)


@dataclass(frozen=True)
class Request:
    """One HTTP request to an AWS endpoint; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Query = field(default_factory=dict)
    body: bytes = b""


def operation(service: str, request: Request) -> str:
    """Return the operation's name, or the method and path where the service's model has no such request."""
    return _named(request) or _s3(service, request) or rest_operation(service, request) or _unknown(request)


def rest_operation(service: str, request: Request) -> str | None:
    """Return the operation of a service that names it by method and path, and None if it has none there."""
    for method, pattern, name in _routes(service):
        if method == request.method and pattern.fullmatch(request.path.rstrip("/") or "/"):
            return name
    return None


def _named(request: Request) -> str | None:
    """JSON services name the operation in a header, query services in a parameter."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    parameters = {**request.query}
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        parameters.update(parse_qs(request.body.decode("latin-1")))
    return parameters.get("Action", [None])[0]


def _s3(service: str, request: Request) -> str | None:
    if service != "s3":
        return None
    names = request.path.strip("/").partition("/")
    table: Iterable[tuple[str, str, str]] = S3_OBJECT if names[2] else S3_BUCKET
    for method, sign, name in table:
        if method == request.method and (not sign or sign in request.query or sign in request.headers):
            return name
    return None


def _unknown(request: Request) -> str:
    return f"{request.method} {request.path.split('?')[0]}"


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Return method, path and name of each operation in botocore's model of a REST service."""
    if service not in ("batch", "lambda", "scheduler"):
        return []
    model = botocore.session.Session().get_service_model(service)
    operations = [model.operation_model(name) for name in model.operation_names]
    operations.sort(
        key=lambda op: op.http["requestUri"].count("/"), reverse=True
    )  # the most specific one first
    return [(op.http["method"], _pattern(op.http["requestUri"]), op.name) for op in operations]


def _pattern(uri: str) -> re.Pattern[str]:
    """Return a pattern for paths; a parameter at the end may hold slashes, as ARNs do."""
    path = re.escape(uri.partition("?")[0].rstrip("/") or "/")
    last = re.sub(r"\\\{\w+(\\\+)?\\\}$", ".+", path)
    return re.compile(re.sub(r"\\\{\w+(\\\+)?\\\}", "[^/]+", last))
