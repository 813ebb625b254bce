"""The signature of a request to AWS (Signature Version 4): read, computed again by botocore, compared.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
SKEW = timedelta(minutes=15)
TIME = "%Y%m%dT%H%M%SZ"
DIGEST = re.compile(r"[0-9a-f]{64}")
CREDENTIAL = re.compile(r"([^/\s,]+)/(\d{8})/([^/\s,]+)/([^/\s,]+)/aws4_request")
AUTHORIZATION = re.compile(
    rf"{ALGORITHM}\s+Credential=([^\s,]+)\s*,\s*SignedHeaders=([^\s,]+)\s*,\s*Signature=([0-9a-f]+)\s*"
)


class SignatureError(Exception):
    """A request is not signed as AWS demands; `code` is AWS's for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Received:
    """A request as it came: its path not decoded, its query decoded, header names in lower case."""

    method: str
    raw_path: str
    headers: Mapping[str, str]
    query: Sequence[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)

    def parameter(self, name: str) -> str:
        """Return the value of a query parameter, or an empty text; SignatureError when it stands twice."""
        values = [value for found, value in self.query if found == name]
        if len(values) > 1:
            raise SignatureError(
                "IncompleteSignature", f"Expected {name} once, found it {len(values)} times."
            )
        return values[0] if values else ""


@dataclass(frozen=True)
class Signature:
    """What a request says of its signature; `expires` is None for a signature in the headers."""

    access_key: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    value: str
    time: str
    token: str
    expires: str | None = None


def read(request: Received) -> Signature | None:
    """Return what a request says of its signature, None for a request without one; SignatureError for one
    that is none.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _in_headers(authorization, request.headers)
    if request.parameter("X-Amz-Algorithm"):
        return _in_query(request)
    return None


def check(signature: Signature, request: Received, secret: str, now: datetime) -> None:
    """Raise SignatureError unless `secret` makes this very signature for the request, and the request is of
    this time.
    """
    _check_time(signature, now)
    if "host" not in signature.signed:
        raise SignatureError("IncompleteSignature", "Expected the header host to be signed, found it is not.")
    if not hmac.compare_digest(signature.value, _computed(signature, request, secret)):
        raise mismatch()
    claimed = request.headers.get("x-amz-content-sha256", "")
    if DIGEST.fullmatch(claimed) and claimed != hashlib.sha256(request.body).hexdigest():
        raise mismatch()


def mismatch() -> SignatureError:
    """Return AWS's error for a wrong signature."""
    return SignatureError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
        " Access Key and signing method. (`sluice local env` prints this cloud's key.)",
    )


def _in_headers(authorization: str, headers: Mapping[str, str]) -> Signature:
    found = AUTHORIZATION.fullmatch(authorization)
    if not found:
        raise SignatureError(
            "IncompleteSignature", f"Expected an Authorization of {ALGORITHM}, found another."
        )
    return Signature(
        *_scope(found[1]),
        signed=tuple(found[2].lower().split(";")),
        value=found[3],
        time=headers.get("x-amz-date", ""),
        token=headers.get("x-amz-security-token", ""),
    )


def _in_query(request: Received) -> Signature:
    if request.parameter("X-Amz-Algorithm") != ALGORITHM:
        raise SignatureError("IncompleteSignature", f"Expected X-Amz-Algorithm={ALGORITHM}, found another.")
    return Signature(
        *_scope(request.parameter("X-Amz-Credential")),
        signed=tuple(request.parameter("X-Amz-SignedHeaders").lower().split(";")),
        value=request.parameter("X-Amz-Signature"),
        time=request.parameter("X-Amz-Date"),
        token=request.parameter("X-Amz-Security-Token"),
        expires=request.parameter("X-Amz-Expires"),
    )


def _scope(credential: str) -> tuple[str, str, str, str]:
    found = CREDENTIAL.fullmatch(credential)
    if not found:
        raise SignatureError(
            "IncompleteSignature", "Expected Credential=key/date/region/service/aws4_request."
        )
    return found[1], found[2], found[3], found[4]


def _check_time(signature: Signature, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(signature.time, TIME).replace(tzinfo=UTC)
        lasting = SKEW if signature.expires is None else timedelta(seconds=int(signature.expires))
    except (ValueError, OverflowError) as error:
        message = f"Expected X-Amz-Date such as 20300131T235959Z, found {signature.time[:40]!r}."
        raise SignatureError("IncompleteSignature", message) from error
    if signature.date != signature.time[:8]:
        raise SignatureError("CredentialDateMismatch", "Date in Credential scope does not match X-Amz-Date.")
    if not signed_at - SKEW <= now <= signed_at + lasting:
        code = "RequestTimeTooSkewed" if signature.expires is None else "RequestExpired"
        raise SignatureError(code, f"Signature of {signature.time} is not of this time ({now:{TIME}}).")


class _Again:
    """Signs the headers that the client signed, no matter which ones botocore would choose."""

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers


class _AgainForAll(_Again, SigV4Auth):
    pass


class _AgainForS3(_Again, S3SigV4Auth):
    """S3 signs the path as it is sent; every other service signs it encoded once more."""

    def payload(self, request: Any) -> str:
        return str(request.context["payload"])


def _computed(signature: Signature, request: Received, secret: str) -> str:
    kind = _AgainForS3 if signature.service == "s3" else _AgainForAll
    again = kind(Credentials(signature.access_key, secret), signature.service, signature.region)
    headers: Any = HTTPHeaders()
    for name in signature.signed:
        headers[name] = request.headers.get(name, "")
    query: Any = [pair for pair in request.query if pair[0] != "X-Amz-Signature"]
    asked = AWSRequest(
        method=request.method,
        url=f"http://{request.headers.get('host', '')}{request.raw_path}",
        headers=headers,
        data=request.body,
        params=query,
    )
    asked.context["timestamp"] = signature.time
    # A presigned URL of S3 leaves open what is uploaded with it.
    asked.context["payload"] = (
        UNSIGNED if signature.expires is not None else request.headers.get("x-amz-content-sha256", "")
    )
    return str(again.signature(again.string_to_sign(asked, again.canonical_request(asked)), asked))
