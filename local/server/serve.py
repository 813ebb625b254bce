"""Serves an ASGI app on loopback until the process is told to end."""

import asyncio
import signal
from collections.abc import Callable

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.paths import Place
from local.server.gateway import App

KEEP_ALIVE_SECONDS = (
    75  # as ministack's own server: idle clients keep their connections between the steps of a run
)
GRACE_SECONDS = 1.0


async def serve_until_told(app: App, place: Place, on_end: Callable[[], None]) -> None:
    """Serve `app` at `place` until SIGTERM or SIGINT; call `on_end` before the last requests are waited
    for.
    """
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)

    async def wait_for_end() -> None:
        await ended.wait()
        await asyncio.to_thread(on_end)

    await serve(app, _config(place), shutdown_trigger=wait_for_end)  # type: ignore[arg-type]


def _config(place: Place) -> Config:
    config = Config()
    config.bind = [f"127.0.0.1:{place.port}"]
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.graceful_timeout = GRACE_SECONDS
    return config
