"""Reports of S3 Inventory about the inbox: some come late, lack something or were changed, and one day there
may be no more of them.

All is drawn from a source of its own: a simulation in which no job reads reports is what it would be without.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.simulation.chaos import HOUR, MINUTE, Level
from tests.simulation.ways_in.reconciling import BackfillScript
from tests.sluice.backfill.inventory.written import ALL, CONFIGURATION, CURRENT, DESTINATION, Buckets, row_of
from tests.sluice.backfill.inventory.written import write_report as write

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

FOLDER = f"s3://{DESTINATION}/{CONFIGURATION}"
_SHARE, _ENDS_SHARE, _BAD_SHARE, _LEFT_OUT_SHARE = 0.6, 0.5, 0.3, 0.3
_BAD = ("not whole", "lacks a file", "changed", "without versions")
_NOTHING: tuple[str, ...] = ()
_LEFT_OUT = {"not whole": ("manifest.checksum",), "lacks a file": (".csv.gz", ".orc", ".parquet")}
"""How the names of the objects end that a bad report lacks."""
_YOUNG_SECONDS = 5 * MINUTE
"""Reports are eventually consistent: they may lack objects that were stored just before."""


def with_reports(
    draw: random.Random, backfills: Mapping[str, BackfillScript]
) -> Iterator[tuple[str, BackfillScript]]:
    """Yield backfills by their names, some of which read reports."""
    for name, one in backfills.items():
        by_report = replace(one, upload=replace(one.upload, inventory=FOLDER))
        yield name, by_report if draw.random() < _SHARE else one


class Reports:
    """Has S3 Inventory write a report about once in three quarters of an hour, for jobs that read some."""

    def __init__(self, here: Simulation, draw: random.Random) -> None:
        """Have written nothing."""
        self._here, self._draw = here, draw
        self._until = draw.uniform(0, 2 * HOUR) if draw.random() < _ENDS_SHARE else math.inf

    def begin(self) -> None:
        """Begin the first one soon."""
        scripts = self._here.scripts.values()
        if any(isinstance(one, BackfillScript) and one.reads_reports for one in scripts):
            self._later(self._draw.uniform(0, HOUR / 2), self._write)

    def _later(self, seconds: float, act: Callable[[], Any]) -> None:
        self._here.clock.later(seconds, act, idle=True)

    def _write(self) -> None:
        """Begin a report of what is there now, which is delivered later."""
        if self._here.clock.seconds > self._until:
            return
        bad = self._drawn_fault()
        stored = self._written(CURRENT if bad == "without versions" else ALL).objects
        self._deliver({key: content for (_, key), content in stored.items()}, bad)
        self._later(self._draw.uniform(HOUR / 2, HOUR), self._write)

    def _drawn_fault(self) -> str:
        """Return what is bad about a report, for most of them nothing."""
        chaos, draw = self._here.chaos, self._draw
        if chaos.level is Level.CALM or draw.random() >= _BAD_SHARE:
            return ""
        bad = draw.choice(_BAD)
        chaos.faults[f"report {bad}"] += 1
        return bad

    def _deliver(self, stored: Mapping[str, bytes], bad: str) -> None:
        """Store the parts of a report one after the other: what says that it is whole comes last."""
        delivered = self._draw.uniform(0, HOUR / 2)
        for key, content in stored.items():
            if key.endswith(_LEFT_OUT.get(bad, _NOTHING)):
                continue
            body = content + b"x" if bad == "changed" and "/data/" in key else content
            delivered += self._draw.uniform(0, 2 * MINUTE)
            put = partial(self._here.buckets.put_object, Bucket=DESTINATION, Key=key, Body=body)
            self._later(delivered, put)

    def _written(self, fields: list[str]) -> Buckets:
        here, now, written = self._here, self._here.clock.now(), Buckets()
        begun = {"creationTimestamp": str(int(now.timestamp() * 1000)), "sourceBucket": here.deployment.inbox}
        form = self._draw.choice(("CSV", "ORC", "Parquet"))
        write(written, [self._rows()], form=form, fields=fields, date=f"{now:%Y-%m-%dT%H-%MZ}", **begun)
        return written

    def _rows(self) -> list[dict[str, Any]]:
        inbox, now = self._here.deployment.inbox, self._here.clock.now()
        found = self._here.buckets.list_object_versions(Bucket=inbox)["Versions"]
        return [
            row_of(one, inbox)
            for one in found
            if (now - one["LastModified"]).total_seconds() > _YOUNG_SECONDS
            or self._draw.random() >= _LEFT_OUT_SHARE
        ]
