"""The outermost layer of the endpoint: it refuses what a web page of another site could send.

A browser lets any page send forms to loopback, and after DNS rebinding anything at all; it cannot keep the
page from sending its Host, Origin or Sec-Fetch-Site. https://www.w3.org/TR/fetch-metadata/
"""

import json
import re
from collections.abc import Iterable

from local.paths import REGION
from local.server.gateway import App, Message, Receive, Scope, Send

NAMES = re.compile(r"127\.0\.0\.1|localhost|\[::1\]|([a-z0-9_-]+\.)+localhost")
OWN_SITES = frozenset({b"same-origin", b"none"})
CORS = b"access-control-"
_FUNCTION = re.compile(r"/_aws/lambda-url/(?P<id>[a-z0-9]+)/")


class Guard:
    """An ASGI app around another, at a port of loopback."""

    def __init__(self, app: App, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it before anything else sees it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # nothing here speaks it
        else:
            reason = refusal(scope["headers"], self._port, scope["path"])
            await (_refuse(reason, send) if reason else self._app(scope, receive, _without_cors(send)))


def refusal(headers: Iterable[tuple[bytes, bytes]], port: int, path: str = "/") -> str | None:
    """Return why a request with these headers is refused, and None if it is not.

    A page that a function answers with may have the function URL's own name on AWS as its origin.
    """
    given = [(name.lower(), value) for name, value in headers]
    hosts = _values(given, b"host")
    if len(hosts) != 1 or not _is_loopback(hosts[0], port):
        return f"Expected the Host 127.0.0.1, localhost or [::1] with port {port}, found {_shown(hosts)}."
    origins = _values(given, b"origin")
    own = {b"http://" + hosts[0].lower(), *_origins_of_function(path)}
    if not own.issuperset(map(bytes.lower, origins)):
        return f"Expected no request of another site's page, found the Origin {_shown(origins)}."
    sites = _values(given, b"sec-fetch-site")
    if not OWN_SITES.issuperset(sites):
        return f"Expected no request of another site's page, found Sec-Fetch-Site {_shown(sites)}."
    return None


def _origins_of_function(path: str) -> Iterable[bytes]:
    if found := _FUNCTION.match(path):
        yield f"https://{found['id']}.lambda-url.{REGION}.on.aws".encode()


def _values(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _is_loopback(host: bytes, port: int) -> bool:
    """Say whether a Host is this machine; names below localhost are (RFC 6761), and S3 puts buckets there."""
    name, _, number = host.decode("latin-1").lower().rpartition(":")
    return number == str(port) and NAMES.fullmatch(name) is not None


def _shown(values: list[bytes]) -> str:
    return ", ".join(repr(value.decode("latin-1")[:100]) for value in values) or "none"


def _without_cors(send: Send) -> Send:
    """Send answers without the headers that would let another site's page read them."""

    async def send_without_cors(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if not name.lower().startswith(CORS)]
            message = {**message, "headers": kept}
        await send(message)

    return send_without_cors


async def _refuse(reason: str, send: Send) -> None:
    body = json.dumps({"error": reason}).encode()
    # Closed: the body of what is refused is never read.
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
