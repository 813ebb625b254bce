"""Runs what is asynchronous to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Found = TypeVar("Found")


def awaited(work: Coroutine[Any, Any, Found]) -> Found:
    """Return what a coroutine returns."""
    found: Found = called_apart(asyncio.run, work)
    return found


def called_apart(function: Callable[..., Found], *arguments: Any) -> Found:
    """Return what a function that runs a loop returns. It has a thread of its own: in that of the tests a
    loop may be running, which a browser's driver has there as long as the browser is open.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()
