"""`sluice backfill --inventory`: the objects of a report, and what is said of it before anything starts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.commands.backfill.command import run
from cli.project import EXAMPLES
from sluice.backfill.inventory.report import InventoryError
from tests.cli.commands.backfill.test_command import INBOX, harness, sent
from tests.cli.harness import CommandHarness
from tests.sluice.backfill.inventory.written import ALL, CURRENT, DESTINATION, Buckets, row, write_report

__all__ = ["harness"]
KEYS = ["word-count/a.txt", "word-count/b.txt", "word-count/gone.txt", "word-count/d.csv", "x.txt"]


class Reports:
    """Reports of the inbox in the bucket of reports."""

    def __init__(self, harness: CommandHarness) -> None:
        """Have none."""
        self.s3 = harness.clients["s3"]
        self.s3.create_bucket(Bucket=DESTINATION)

    def write(self, *, keys: list[str] = KEYS, **given: Any) -> str:
        """Write a report of these keys, and return its place."""
        buckets = Buckets()
        versions = {one: self.version(one) for one in keys}
        rows = [row(one, Bucket=INBOX, **versions[one]) for one in keys]
        place = write_report(buckets, [rows], **{"fields": CURRENT, "sourceBucket": INBOX, **given})
        for (bucket, key), content in buckets.objects.items():
            self.s3.put_object(Bucket=bucket, Key=key, Body=content)
        return place

    def version(self, key: str) -> dict[str, str]:
        """Return the newest version of an object and its ETag, as far as it has them."""
        found = self.s3.list_object_versions(Bucket=INBOX, Prefix=key).get("Versions", [])
        newest = next((one for one in found if one["IsLatest"]), {"VersionId": "v9", "ETag": "e9"})
        return {"VersionId": newest["VersionId"], "ETag": newest["ETag"].strip('"')}


@pytest.fixture
def reports(harness: CommandHarness) -> Reports:
    """The bucket of reports."""
    return Reports(harness)


@pytest.mark.parametrize("form", ["CSV", "ORC", "Parquet"])
def test_the_objects_of_a_report_are_processed_and_those_that_are_gone_are_counted(
    harness: CommandHarness, reports: Reports, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trigger's own; nothing is listed."""
    place = reports.write(form=form)
    given = harness.given("backfill", "word-count", "--inventory", place, "--dry-run")
    assert run(given, harness.cloud, EXAMPLES) == 0
    out, notes = capsys.readouterr()
    assert "3 objects, of which 2 were not processed. 1 that the report names is gone." in out
    assert f"The report {place}, begun at 2026-11-28 01:00 UTC." in notes
    assert sent(harness) == []
    given = harness.given("backfill", "word-count", "--inventory", place, "--yes", "--json")
    assert run(given, harness.cloud, EXAMPLES) == 0
    assert json.loads(capsys.readouterr().out) == {
        "objects": 3,
        "new": 2,
        "dry_run": False,
        "gone": 1,
        "report": place,
    }
    assert [one["detail"]["object"]["key"] for one in sent(harness)] == KEYS[:2]


def test_a_no_changes_nothing(harness: CommandHarness, reports: Reports) -> None:
    """The count comes before the question."""
    given = harness.given("backfill", "word-count", "--inventory", reports.write())
    assert run(given, harness.cloud, EXAMPLES, ask=lambda question: False) == 1
    assert sent(harness) == []


def test_a_bucket_with_versions_needs_them_in_the_report(
    harness: CommandHarness, reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    """The version of the message is the newest one."""
    s3 = harness.clients["s3"]
    s3.put_bucket_versioning(Bucket=INBOX, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=INBOX, Key=KEYS[0], Body=b"newer")
    current = harness.given("backfill", "word-count", "--yes", "--inventory", reports.write())
    with pytest.raises(InventoryError, match="Expected versions in a report of inbox"):
        run(current, harness.cloud, EXAMPLES)
    assert sent(harness) == []
    place = reports.write(fields=ALL)
    assert (
        run(harness.given("backfill", "word-count", "--yes", "--inventory", place), harness.cloud, EXAMPLES)
        == 0
    )
    first, second = (one["detail"]["object"] for one in sent(harness))
    assert first["version-id"] == reports.version(KEYS[0])["VersionId"]
    assert "version-id" not in second


def test_a_report_of_another_bucket_or_with_a_changed_file_starts_nothing(
    harness: CommandHarness, reports: Reports
) -> None:
    """Each with its error."""
    other = reports.write(sourceBucket="elsewhere")
    with pytest.raises(InventoryError, match="report of the bucket inbox, found one of elsewhere"):
        run(harness.given("backfill", "word-count", "--yes", "--inventory", other), harness.cloud, EXAMPLES)
    place = reports.write()
    (data,) = [
        one["Key"]
        for one in reports.s3.list_objects_v2(Bucket=DESTINATION)["Contents"]
        if "/data/" in one["Key"]
    ]
    reports.s3.put_object(Bucket=DESTINATION, Key=data, Body=b"changed")
    with pytest.raises(InventoryError, match="it was changed"):
        run(harness.given("backfill", "word-count", "--yes", "--inventory", place), harness.cloud, EXAMPLES)
    assert sent(harness) == []
