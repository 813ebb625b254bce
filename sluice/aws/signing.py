"""Signature Version 4, for the few calls that a Lambda makes before botocore would have been imported. Pure.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
The tests compare it with botocore's own signatures.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who signs; ``token`` is empty for a user's keys."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request to one AWS service; ``path`` is percent-encoded, and so is ``query``, in order."""

    service: str
    region: str
    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: str = ""


def signed_headers(request: Request, credentials: Credentials, now: datetime) -> dict[str, str]:
    """Return the headers of the request with its signature; ``now`` is in UTC."""
    digest = hashlib.sha256(request.body).hexdigest()
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {**request.headers, "Host": request.host, "X-Amz-Date": stamp, "X-Amz-Content-Sha256": digest}
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(lower))
    lines = "".join(f"{name}:{lower[name]}\n" for name in sorted(lower))
    canonical = "\n".join([request.method, request.path, request.query, lines, names, digest])
    scope = f"{stamp[:8]}/{request.region}/{request.service}/aws4_request"
    to_sign = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(_key(request, credentials, stamp[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names},"
        f" Signature={signature}"
    )
    return headers


def _key(request: Request, credentials: Credentials, day: str) -> bytes:
    key = b"AWS4" + credentials.secret_key.encode()
    for part in (day, request.region, request.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
