"""Tells a page that something has changed, by server-sent events; a page that is closed costs nothing.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from console.answers import REFUSALS, problem_of
from console.backend import Backend
from console.contract import Change

SECONDS_BETWEEN_READS = 2.0
SECONDS_BETWEEN_COMMENTS = 15.0
"""A comment keeps what stands between from closing the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Streams changes. ``stays_open``: a Lambda answers at once instead, and has the browser ask again after
    ``retry`` seconds.
    """

    backend: Backend
    stays_open: bool
    seconds: float = SECONDS_BETWEEN_READS
    retry: float = 4.0

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/api/events", self._events)]

    async def _events(self, request: Request) -> Response:
        run_id = request.query_params.get("run") or None
        known = request.headers.get("last-event-id", "")
        try:
            version = await run_in_threadpool(self.backend.version, run_id)
        except REFUSALS as error:
            return problem_of(error)
        stream = self._changes(request, run_id, known, version)
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    async def _changes(
        self, request: Request, run_id: str | None, known: str, version: str
    ) -> AsyncIterator[str]:
        yield f"retry: {int(self.retry * 1000)}\n\n"
        quiet = 0.0
        while True:
            if version != known:
                yield _event(run_id, version)
                known, quiet = version, 0.0
            elif quiet >= SECONDS_BETWEEN_COMMENTS:
                yield ":\n\n"
                quiet = 0.0
            if not self.stays_open:
                return
            await asyncio.sleep(self.seconds)
            quiet += self.seconds
            if await request.is_disconnected():
                return
            version = await self._version(run_id, version)

    async def _version(self, run_id: str | None, last: str) -> str:
        """Return the version, the last one where it cannot be read now: the page's own reads say why."""
        try:
            return await run_in_threadpool(self.backend.version, run_id)
        except REFUSALS:
            return last


def _event(run_id: str | None, version: str) -> str:
    data = json.dumps(asdict(Change(run_id=run_id, version=version)))
    return f"event: change\nid: {version}\ndata: {data}\n\n"
