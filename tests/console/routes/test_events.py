"""Changes reach a page, and a closed page costs nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.requests import Request

from console.routes.events import Events
from tests.console.awaiting import awaited
from tests.console.made_up.backend import MadeUp


def _request(query: bytes, gone: asyncio.Event, last: bytes = b"") -> Request:
    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "query_string": query, "headers": [(b"last-event-id", last)]}
    return Request(scope, receive)


async def _pieces(events: Events, request: Request) -> AsyncIterator[str]:
    (route,) = events.routes()
    response = await route.endpoint(request)
    async for piece in response.body_iterator:
        yield piece


class _Counted(MadeUp):
    reads = 0

    def version(self, run_id: str | None) -> str:
        self.reads += 1
        return f"{run_id}-{self.reads}"


def test_each_change_is_told_until_the_page_is_gone() -> None:
    """Afterwards nothing is read any more."""

    async def watch() -> tuple[list[str], int]:
        backend, gone = _Counted(), asyncio.Event()
        found = []
        async for piece in _pieces(
            Events(backend=backend, stays_open=True, seconds=0.01), _request(b"run=wide-0", gone)
        ):
            found.append(piece)
            if len(found) == 4:
                gone.set()
        reads = backend.reads
        await asyncio.sleep(0.05)
        assert backend.reads == reads
        return found, reads

    found, reads = awaited(watch())
    assert found[0].startswith("retry: ")
    data = [json.loads(one.split("data: ")[1]) for one in found[1:]]
    assert [one["version"] for one in data] == ["wide-0-1", "wide-0-2", "wide-0-3"]
    assert reads == 3


def test_a_lambda_answers_at_once() -> None:
    """It tells of a change since the last answer, or of none."""

    async def ask(last: bytes) -> list[str]:
        events = Events(backend=_Counted(), stays_open=False)
        return [piece async for piece in _pieces(events, _request(b"", asyncio.Event(), last))]

    assert len(awaited(ask(b""))) == 2
    assert len(awaited(ask(b"None-1"))) == 1
