"""The layer of the endpoint that asks who calls: every request carries a key's signature.

Without one pass, as on AWS: function URLs for everybody, the pages and tokens of user pools, the answers of
custom resources and wait conditions at their one-time addresses, and a container's own metadata.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl

from local.emulator.credentials import (
    UnknownKeyError,
    chunks_match,
    failure,
    is_of_user_pool,
    is_public_function,
    secret_of,
)
from local.emulator.services import Response
from local.paths import ACCOUNT
from local.server.entry import signature, signature_v2
from local.server.entry.signature import Received, SignatureError
from local.server.gateway import App, Message, Receive, Scope, Send

PAGES = "/_sluice/"
# Their last part is a random id, which only the function that is to answer gets.
ONE_TIME = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


_ACCOUNT_ID = re.compile(r"[0-9]{12}")


class Signed:
    """An ASGI app around another, for callers who know the administrator's secret or an issued key's."""

    def __init__(self, app: App, secret: str, is_open: Callable[[str], bool]) -> None:
        """`is_open` says of a page below /_sluice/ whether its address alone admits."""
        self._app = app
        self._secret = secret
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or self._needs_no_key(scope):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        if body is None:
            return
        request = received(scope, body)
        try:
            self._check(request, scope["path"])
        except (SignatureError, UnknownKeyError) as error:
            await _send(send, scope["method"], _refused(error.code, error.message, scope, request))
        else:
            await self._app(scope, _again(body, receive), send)

    def _needs_no_key(self, scope: Scope) -> bool:
        path = scope["path"]
        if path.startswith(PAGES):
            return self._is_open(path)
        if scope["method"] == "PUT" and path.startswith(ONE_TIME):
            return True
        # By the name of this machine alone: other names are for other services.
        is_open = is_public_function(path) or is_of_user_pool(scope["method"], path)
        return not _host(scope).endswith(".localhost") and is_open

    def _check(self, request: Received, path: str) -> None:
        now = datetime.now(UTC)
        found = signature.read(request)
        if found is None:
            former = signature_v2.read(request)
            if former is None:
                raise SignatureError("MissingAuthenticationToken", "Missing Authentication Token")
            signature_v2.check(former, request, self._secret_of(former.access_key, former.token), now)
            return
        secret = self._secret_of(found.access_key, found.token)
        if path.startswith(PAGES) and found.access_key != ACCOUNT:
            raise SignatureError("AccessDenied", "Expected this cloud's administrator, found another key.")
        signature.check(found, request, secret, now)
        if request.headers.get("x-amz-content-sha256", "").startswith(CHUNKED) and found.expires is None:
            authorization = request.headers["authorization"]
            if not chunks_match(request.body, authorization, request.headers, secret):
                raise signature.mismatch()

    def _secret_of(self, access_key: str, token: str) -> str:
        # Any account id is a key of the administrator: each account is one of its own, and one secret opens
        # all of them.
        if not token and _ACCOUNT_ID.fullmatch(access_key):
            return self._secret
        return secret_of(access_key, token)


def received(scope: Scope, body: bytes) -> Received:
    """Return a request of ASGI as its client signed it: values of a repeated header are joined by commas."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), _text(value)
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return Received(scope["method"], scope["raw_path"].decode("latin-1"), headers, query, body)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _host(scope: Scope) -> str:
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
    return hosts[0].rpartition(":")[0].lower() if hosts else ""


def _refused(code: str, message: str, scope: Scope, request: Received) -> Response:
    if scope["path"].startswith(PAGES):
        return 403, {"Content-Type": "application/json"}, json.dumps({"error": message}).encode()
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return failure(code, message, scope["method"], scope["path"], request.headers, query)


async def _whole(receive: Receive) -> bytes | None:
    """Return a request's whole body, None when the client left."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what receives a body that was read before, and then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


async def _send(send: Send, method: str, answer: Response) -> None:
    status, headers, body = answer
    sent = {**headers, "Content-Length": str(len(body))}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
