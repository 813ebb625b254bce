"""The processes of Lambda functions."""

import threading
import time
from collections.abc import Iterable
from typing import Any

from ministack.core import lambda_runtime

_kill = lambda_runtime.kill_workers
_LONGEST_SECONDS = 15 * 60.0
"""What Lambda gives an invocation at most."""
_POLL_SECONDS = 0.05


def stop_lambda_workers() -> None:
    """End the processes of all Lambda functions at once, and remove their unpacked code."""
    _kill(_taken())


def renew_lambda_workers() -> None:
    """Let the next invocation of each function begin a process of its own."""
    end_after_work(_taken())


def end_after_work(workers: Iterable[Any]) -> None:
    """End processes of functions, those that are at work when their invocation is over: on AWS an update of a
    function disturbs none. ministack ends these at once, and the messages that they have come again only
    after six minutes.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    known = [one for one in workers if one is not None]
    at_work = [one for one in known if one.in_use]
    if at_work:
        threading.Thread(target=_end_later, args=(at_work,), name="lambda-end", daemon=True).start()
    _kill([one for one in known if one not in at_work])


def _taken() -> list[Any]:
    """Take all processes out of the pools, so that no invocation gets one of them any more."""
    with lambda_runtime._lock:
        taken = [one for entries in lambda_runtime._workers.values() for one in entries]
        lambda_runtime._workers.clear()
    return taken


def _end_later(workers: list[Any]) -> None:
    until = time.monotonic() + _LONGEST_SECONDS
    while workers and time.monotonic() < until:
        done = [one for one in workers if not one.in_use]
        _kill(done)
        workers = [one for one in workers if one not in done]
        time.sleep(_POLL_SECONDS)
    _kill(workers)
