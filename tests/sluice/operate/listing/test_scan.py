"""Scans of the ledger."""

from __future__ import annotations

from sluice.ledger import records
from sluice.operate.listing.scan import id_of, scan
from tests.sluice.clouds import START, TABLE
from tests.sluice.graphs import RUN_ID
from tests.sluice.operate.harness import OperateHarness


def test_only_the_attributes_that_are_asked_for_are_read(harness: OperateHarness) -> None:
    """The condition may name others."""
    harness.begin(RUN_ID, START.isoformat(timespec="milliseconds"))
    values = records.values(run=records.RUN, state="RUNNING")
    condition = "sk = :run AND #state = :state"
    (item,) = scan(harness.client, TABLE, condition, values, ("pk",), named=("state",))
    assert (set(item), id_of(item)) == ({"pk"}, RUN_ID)
