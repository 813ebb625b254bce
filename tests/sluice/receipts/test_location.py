"""Where a run publishes."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.errors import MalformedMessageError
from sluice.receipts.location import Location, location_of

BEGAN = "2026-01-31T23:59:59.999+00:00"
RUN = "flights-" + "a" * 20


def place(address: str, trigger: dict[str, Any] | None = None) -> Location:
    """Return where the run publishes."""
    return location_of(
        address, pipeline="flights", run_id=RUN, trigger=trigger or {}, began=BEGAN, default_bucket="results"
    )


@pytest.mark.parametrize(
    ("address", "trigger", "expected"),
    [
        ("", {}, Location("results", f"flights/{RUN}/")),
        ("s3://team/f/", {}, Location("team", f"f/{RUN}/")),
        ("s3://team/f/{run}/x/", {}, Location("team", f"f/{RUN}/x/")),
        ("s3://team/f/{date}/{hour}/", {}, Location("team", "f/2026-01-31/23/", shared=True)),
        ("s3://team/f/{date}/{run}/", {}, Location("team", f"f/2026-01-31/{RUN}/")),
        (
            "s3://team/f/{date}/",
            {"kind": "schedule", "time": "2025-12-24T01:00:00Z"},
            Location("team", "f/2025-12-24/", shared=True),
        ),
        (
            "s3://team/f/{date}/{region}/",
            {"kind": "manual", "input": {"region": "eu", "date": "2024-02-29"}},
            Location("team", "f/2024-02-29/eu/", shared=True),
        ),
        ("s3://team/f/{n}/", {"kind": "manual", "input": {"n": 7}}, Location("team", "f/7/", shared=True)),
    ],
)
def test_a_folder_is_by_run_or_by_key(address: str, trigger: dict[str, Any], expected: Location) -> None:
    """The key's date goes before that of the beginning, which is in UTC."""
    assert place(address, trigger) == expected


@pytest.mark.parametrize("value", ["", "a/b", "..", ".", "a\nb", "x" * 257, None, 1.5, True, ["a"]])
def test_a_value_that_would_lead_elsewhere_is_no_part_of_a_key(value: Any) -> None:
    """An input comes from outside: the run is refused before it begins."""
    with pytest.raises(MalformedMessageError, match="Expected a partition key with region"):
        place("s3://team/f/{region}/", {"kind": "manual", "input": {"region": value}})
