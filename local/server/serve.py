"""Serves an ASGI app on loopback until a signal ends the process."""

import asyncio
import signal
from collections.abc import Callable

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.paths import LocalCloudPaths
from local.server.gateway import App

KEEP_ALIVE_SECONDS = (
    75  # as ministack's own server: idle clients keep their connections between the steps of a run
)
GRACE_SECONDS = 1.0


async def serve_until_signal(app: App, paths: LocalCloudPaths, on_end: Callable[[], None]) -> None:
    """Serve `app` until SIGTERM or SIGINT; `on_end` is called before the last requests are waited for."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)

    async def wait_for_end() -> None:
        await ended.wait()
        await asyncio.to_thread(on_end)

    await serve(app, _config(paths), shutdown_trigger=wait_for_end)  # type: ignore[arg-type]


def _config(paths: LocalCloudPaths) -> Config:
    config = Config()
    config.bind = [f"127.0.0.1:{paths.port}"]
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.graceful_timeout = GRACE_SECONDS
    return config
