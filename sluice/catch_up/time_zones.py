"""A time zone as data, for what runs where there may be none."""

from __future__ import annotations

import zoneinfo
from base64 import b64encode
from importlib import resources
from pathlib import Path


def time_zone_data(name: str) -> str:
    """Return the TZif file of a time zone in base64; empty for UTC, which needs none.

    Source: https://docs.python.org/3/library/zoneinfo.html#data-sources
    """
    if name == "UTC":
        return ""
    parts = name.split("/")
    for folder in zoneinfo.TZPATH:
        if (path := Path(folder, *parts)).is_file():
            return b64encode(path.read_bytes()).decode()
    return b64encode(resources.files("tzdata").joinpath("zoneinfo", *parts).read_bytes()).decode()
