"""The former signature of a presigned URL of S3, which boto3 still makes by default: checked by botocore.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import HTTPHeaders
from botocore.credentials import Credentials

from local.server.entry.signature import Received, SignatureError, mismatch

SIGNED_HEADERS = ("content-md5", "content-type")


@dataclass(frozen=True)
class FormerSignature:
    """What a presigned URL says of its signature."""

    access_key: str
    value: str
    expires: str
    token: str


def read(request: Received) -> FormerSignature | None:
    """Return what a request says of its former signature, None for a request without one."""
    access_key = request.parameter("AWSAccessKeyId")
    if not access_key or any(name.lower() == "x-amz-credential" for name, _ in request.query):
        return None
    return FormerSignature(
        access_key,
        request.parameter("Signature"),
        request.parameter("Expires"),
        request.parameter("x-amz-security-token"),
    )


def check(signature: FormerSignature, request: Received, secret: str, now: datetime) -> None:
    """Raise SignatureError unless `secret` makes this very signature and its time is not over."""
    if not signature.expires.isdecimal() or int(signature.expires) < now.timestamp():
        raise SignatureError("RequestExpired", "Request has expired")
    if not hmac.compare_digest(signature.value, _computed(signature, request, secret)):
        raise mismatch()


class _Again(HmacV1QueryAuth):
    """Signs for the time that the URL names."""

    def __init__(self, credentials: Credentials, until: str) -> None:
        super().__init__(credentials)
        self._until = until

    def _get_date(self) -> str:
        return self._until


def _computed(signature: FormerSignature, request: Received, secret: str) -> str:
    again = _Again(Credentials(signature.access_key, secret, signature.token or None), signature.expires)
    headers: Any = HTTPHeaders()
    for name, value in _signed(request):
        headers[name] = value
    host = request.headers.get("host", "").rpartition(":")[0]
    bucket = host.removesuffix(".localhost").removesuffix(".s3") if host.endswith(".localhost") else ""
    path = f"/{bucket}{request.raw_path}" if bucket else request.raw_path
    asked = urlsplit(f"http://host{request.raw_path}?{urlencode(list(request.query), quote_via=quote)}")
    return str(again.get_signature(request.method, asked, headers, auth_path=path))


def _signed(request: Received) -> list[tuple[str, str]]:
    """The headers that are signed; a client may have put those of Amazon into the query."""
    sent = {
        name: value
        for name, value in request.headers.items()
        if name in SIGNED_HEADERS or name.startswith("x-amz-")
    }
    moved = {
        name: value for name, value in request.query if name.startswith("x-amz-") or name in SIGNED_HEADERS
    }
    return list({**sent, **moved}.items())
