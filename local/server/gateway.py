"""The endpoint that clients see: ministack's app, every call counted, and Sluice's own pages under
/_sluice/.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from local.emulator.access import access_key_of, principal
from local.emulator.services import service_of
from local.server.calls import CallCounter
from local.server.operations import Request
from local.server.pages import Controls

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# The operation of a request stands in its first bytes; a whole upload is not kept to find it.
BODY_KEPT = 64 * 1024


class Gateway:
    """An ASGI app around the emulator's."""

    def __init__(self, app: App, calls: CallCounter, controls: Controls) -> None:
        self._app = app
        self._calls = calls
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].startswith("/_sluice/"):
            await self._control(scope, receive, send)
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = bytearray()

        async def receive_and_keep() -> Message:
            message = await receive()
            if len(kept) < BODY_KEPT:
                kept.extend(message.get("body", b"")[:BODY_KEPT])
            return message

        try:
            await self._app(scope, receive_and_keep, send)
        finally:
            self._count(scope, bytes(kept))

    def _count(self, scope: Scope, body: bytes) -> None:
        if scope["path"].startswith("/_ministack/"):
            return
        headers = _headers(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        request = Request(scope["method"], scope["path"], headers, query, body)
        service = service_of(request.method, request.path, headers, query)
        self._calls.record(principal(access_key_of(headers, query)), service, request)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, answer = self._controls.answer(scope["method"], scope["path"], body, _headers(scope))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
