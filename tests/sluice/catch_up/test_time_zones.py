"""A time zone travels as data."""

from __future__ import annotations

import io
import sys
import zoneinfo
from base64 import b64decode
from datetime import datetime
from pathlib import Path

import pytest

from sluice.catch_up.time_zones import time_zone_data


def hours(data: str) -> list[str]:
    """Return how far a time zone is from UTC in winter and in summer."""
    zone = zoneinfo.ZoneInfo.from_file(io.BytesIO(b64decode(data)))
    return [str(datetime(2026, month, 1, tzinfo=zone).utcoffset()) for month in (1, 7)]


def test_what_is_read_back_is_the_time_zone() -> None:
    """With its summer time."""
    assert hours(time_zone_data("Europe/Berlin")) == ["1:00:00", "2:00:00"]


def test_where_the_machine_has_none_it_is_that_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the standard library has it."""
    data = b64decode(time_zone_data("Europe/Berlin"))
    (tmp_path / "tzdata" / "zoneinfo" / "Europe").mkdir(parents=True)
    (tmp_path / "tzdata" / "__init__.py").touch()
    (tmp_path / "tzdata" / "zoneinfo" / "Europe" / "Berlin").write_bytes(data)
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tzdata", raising=False)
    assert hours(time_zone_data("Europe/Berlin")) == ["1:00:00", "2:00:00"]
    monkeypatch.delitem(sys.modules, "tzdata", raising=False)


def test_utc_needs_no_data() -> None:
    """Each machine knows it."""
    assert time_zone_data("UTC") == ""
