"""The example of docs/steps.md runs."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any

from sluice.steps import Item, Out, Upload
from sluice.triggers.trigger_event import S3Object
from tests.sluice.buckets import Bucket

PAGE = Path(__file__).parents[2] / "docs" / "steps.md"


def test_the_example_reads_an_archive_and_publishes_a_table() -> None:
    """As it stands in the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {"Item": Item, "Out": Out, "csv": csv, "zipfile": zipfile}
    exec(code, names)  # noqa: S102 - the page's own example
    stored, bucket = io.BytesIO(), Bucket()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a.txt", "a")
        archive.writestr("b.txt", "b")
    bucket.objects["in.zip"] = stored.getvalue()
    source = S3Object(bucket="inbox", key="in.zip", version_id="", etag="", size=len(stored.getvalue()))
    item = Item({}, number=7, trigger=Upload(source, bucket))
    assert names["tables"](item, Out(bucket, "results", "p", "p-1")) == {"names": 2}
    assert bucket.objects["p/p-1/names/7.csv"].decode().split() == ["a.txt", "b.txt"]
