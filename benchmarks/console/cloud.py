"""The console over a local cloud with 10,000 runs in the ledger, put there directly: how long the first view
takes with nothing kept, and how many AWS calls views cost.

    python -m benchmarks.console.cloud
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.console.runs import CHILDREN, LARGE, REASON, RUNS, items_of_runs
from benchmarks.run_calls import free_port
from benchmarks.thousand.measuring import app_of_nothing
from cli.aws import client_of
from cli.cloud import Cloud
from console.live.backend import LiveBackend
from console.routes.events import SECONDS_BETWEEN_READS
from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from sluice.operate.listing.adopting import Adoption
from tests.console.page.chromium import launched, served, visiting

WATCHERS = 100
_ROUNDS = 5
_BATCH = 25
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
_WRITERS = 4
_STREAM_SECONDS = 2 * SECONDS_BETWEEN_READS


@dataclass
class CountedClients:
    """Clients of a local cloud that count what they send."""

    place: LocalCloudPaths
    calls: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        found = client_of(self.place, service)
        found.meta.events.register("before-send", partial(self._count, service))
        return found

    def _count(self, service: str, **sent: Any) -> None:
        self.calls.append(f"{service}:{sent['event_name'].rpartition('.')[2]}")


@dataclass
class Console:
    """Consoles over a local cloud; each begins with nothing kept."""

    place: LocalCloudPaths

    @cached_property
    def clients(self) -> CountedClients:
        """Return what makes the clients of all consoles, and counts."""
        return CountedClients(self.place)

    @cached_property
    def cloud(self) -> Cloud:
        """Return the cloud."""
        return Cloud(self.clients.client, "the bench's cloud")

    def backend(self) -> LiveBackend:
        """Return a backend that has read nothing."""
        return LiveBackend(cloud=self.cloud, where="the bench's cloud")

    def fill(self) -> None:
        """Put the runs into the ledger, and the jobs of those that run into AWS Batch."""
        table, items = self.cloud.deployment.table, items_of_runs(self.cloud)
        write = partial(_write, self.cloud.client("dynamodb"), table)
        with ThreadPoolExecutor(_WRITERS) as threads:
            list(threads.map(write, iter(lambda: list(islice(items, _BATCH)), [])))
        # The first listing of a ledger, once, looks for runs that are not in the index yet.
        while not Adoption(self.cloud.client("dynamodb"), table).is_complete():
            time.sleep(1)

    def measure(self) -> dict[str, Any]:
        """Return seconds and calls."""
        with sync_playwright() as playwright, launched(playwright) as context:
            firsts = sorted(self._view(context, "/", REASON) for _ in range(_ROUNDS))
            runs = self._view(context, "/runs", LARGE[-12:])
            opened = self._view(context, f"/runs/{LARGE}", f"0/{CHILDREN:,}")
        seconds, calls = firsts[_ROUNDS // 2]
        return {
            f"first view with {RUNS:,} runs in the ledger, seconds": round(seconds, 2),
            "calls of the first view": calls,
            "the list of runs, seconds": round(runs[0], 2),
            "calls of the list of runs": runs[1],
            f"calls to open a run of {CHILDREN:,} children (aim: at most 6)": opened[1],
            f"calls of {WATCHERS} who open that run (aim: at most 10)": self._watched(),
        }

    def _view(self, context: BrowserContext, address: str, text: str) -> tuple[float, int]:
        """Return the seconds from a view's address to what it is about with nothing kept, and its calls."""
        backend = self.backend()
        with served(backend) as access:
            visitor = visiting(context, access)
            visitor.settle()
            visitor.page.goto("about:blank")
            time.sleep(_STREAM_SECONDS)  # The stream of events of the view before has ended then.
            backend.cache.forget()
            self.clients.calls.clear()
            began = time.monotonic()
            visitor.page.goto(f"{visitor.own}{address}")
            visitor.page.get_by_text(text).first.wait_for()
            seconds = time.monotonic() - began
            visitor.settle()
            calls = len(self.clients.calls)
            visitor.page.close()
        return seconds, calls

    def _watched(self) -> int:
        """Return the calls of many people who open one run at the same moment."""
        with served(self.backend()) as access, httpx2.Client(follow_redirects=True, timeout=60) as asked:
            asked.get(access.address)
            self.clients.calls.clear()
            address = f"http://127.0.0.1:{access.port}/api/runs/{LARGE}"
            with ThreadPoolExecutor(WATCHERS) as threads:
                answers = list(threads.map(lambda _: asked.get(address), range(WATCHERS)))
            calls = len(self.clients.calls)
        if {one.status_code for one in answers} != {200}:
            raise RuntimeError(f"Expected 200 for all, found {[one.status_code for one in answers]}.")
        return calls


@contextmanager
def filled() -> Iterator[Console]:
    """Yield consoles over a local cloud whose ledger has the runs."""
    with tempfile.TemporaryDirectory() as folder:
        place = LocalCloudPaths(free_port(), Path(folder) / "cloud")
        process.start(place)
        try:
            deploy(place, lambda _: None, app_of_nothing(Path(folder) / "app"))
            console = Console(place)
            console.fill()
            yield console
        finally:
            process.stop(place)


def measure() -> dict[str, Any]:
    """Measure all of it."""
    with filled() as console:
        return console.measure()


def _write(dynamodb: Any, table: str, items: list[dict[str, Any]]) -> None:
    left = {table: [{"PutRequest": {"Item": item}} for item in items]}
    while left:
        left = dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
