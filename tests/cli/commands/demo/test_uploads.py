"""Uploads of the demo, and the runs that they start."""

from __future__ import annotations

from typing import Any

from cli.commands.demo.files import File
from cli.commands.demo.uploads import runs_by_key, upload
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START, TABLE
from tests.sluice.graphs import RUN_ID


def test_a_run_by_the_key_of_its_upload(harness: CommandHarness) -> None:
    """The ledger has the key with what started the run."""
    harness.begin(RUN_ID, START.isoformat(timespec="milliseconds"), key="flights/2013.csv")
    assert runs_by_key(harness.client, TABLE) == {"flights/2013.csv": RUN_ID}


def test_a_file_is_stored_under_its_key(harness: CommandHarness) -> None:
    """With its content."""
    s3: Any = harness.session.create_client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="inbox")
    upload(s3, "inbox", [File("a/b.txt", "a text", b"content")])
    assert s3.get_object(Bucket="inbox", Key="a/b.txt")["Body"].read() == b"content"
