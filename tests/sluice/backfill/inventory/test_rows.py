"""The files of a report are read as S3 writes them, and refused where they are not."""

from __future__ import annotations

import gzip
import importlib
from typing import Any

import pytest

from sluice.backfill.inventory.finding import find_report
from sluice.backfill.inventory.report import InventoryError, Report
from sluice.backfill.inventory.rows import Row, check_readable, rows_of
from tests.sluice.backfill.inventory.written import (
    CURRENT,
    DESTINATION,
    MODIFIED,
    Buckets,
    row,
    write_report,
)

FORMS = ["CSV", "ORC", "Parquet"]
ODD = ["a b+c%20.csv", "Größe 漢字 🙂.csv", 'quo"ted,\nline.csv', "dt=2026/x&y.csv"]


def read(buckets: Buckets, place: str) -> list[Row]:
    """Return all rows of a report."""
    return [one for rows in rows_of(buckets, find_report(buckets, place)) for one in rows]


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_the_same_in_all_formats(form: str) -> None:
    """Keys of any characters, which CSV encodes; markers and versions; several files."""
    buckets = Buckets()
    deleted = row("gone.csv", IsDeleteMarker=True, Size=None, ETag=None)
    files = [[row(key) for key in ODD], [row("b.csv", VersionId=None, IsLatest=False), deleted]]
    found = read(buckets, write_report(buckets, files, form=form))
    assert [one["key"] for one in found] == [*ODD, "b.csv", "gone.csv"]
    assert {one["last_modified_date"] for one in found} == {MODIFIED}
    assert [one["size"] for one in found] == [5] * 5 + [0]
    assert [one["is_latest"] for one in found] == [True] * 4 + [False, True]
    assert [one["is_delete_marker"] for one in found] == [False] * 5 + [True]
    assert (found[0]["version_id"], found[0]["e_tag"]) == ("v1", "e1")


@pytest.mark.parametrize("form", FORMS)
def test_a_report_of_current_versions_has_newest_ones_alone(form: str) -> None:
    """Its rows say nothing of versions."""
    buckets = Buckets()
    (found,) = read(buckets, write_report(buckets, [[row("a.csv")]], form=form, fields=CURRENT))
    assert (found["is_latest"], found["is_delete_marker"], found.get("version_id")) == (True, False, None)


@pytest.mark.parametrize("form", FORMS)
def test_rows_come_some_at_a_time(form: str) -> None:
    """However many a file has."""
    buckets = Buckets()
    place = write_report(buckets, [[row(f"{number}.csv") for number in range(2_500)]], form=form)
    pages = list(rows_of(buckets, find_report(buckets, place)))
    assert max(map(len, pages)) <= 1_000
    assert [one["key"] for rows in pages for one in rows] == [f"{number}.csv" for number in range(2_500)]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_with_another_checksum_yields_no_row(form: str) -> None:
    """Its name and both sums are told."""
    buckets = Buckets()
    place = write_report(buckets, [[row("a.csv")]], form=form)
    (name,) = [key for _, key in buckets.objects if "/data/" in key]
    buckets.objects[DESTINATION, name] += b"x"
    pages = rows_of(buckets, find_report(buckets, place))
    with pytest.raises(InventoryError, match=rf"{name} to have the MD5 \w+, as .*manifest.json says"):
        next(pages)


def test_a_file_that_is_not_there_is_told() -> None:
    """A lifecycle rule took it."""
    buckets = Buckets()
    place = write_report(buckets, [[row("a.csv")]])
    for key in [key for key in buckets.objects if "/data/" in key[1]]:
        del buckets.objects[key]
    with pytest.raises(InventoryError, match=r"which .*manifest\.json names, found none"):
        read(buckets, place)


def _zipped(content: bytes) -> bytes:
    """Return a zipped file that is the same whenever it is made: workers compare the names of their tests."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("form", "content", "says"),
    [
        pytest.param(form, content, says, id=f"{form} {says}")
        for form, content, says in (
            ("CSV", b"no gzip", "Not a gzipped file"),
            ("CSV", _zipped(b'"landing","a.csv"\n'), "row 1 has 2 fields and not 9"),
            ("CSV", _zipped(b'"b","a","v","true","false","five","2026-11-01T12:30:15Z","e","S"\n'), "five"),
            ("CSV", _zipped(b'"b","a","v","true","false","5","yesterday","e","S"\n'), "yesterday"),
            ("CSV", _zipped(b'"b","%ff","v","true","false","5","2026-11-01T12:30:15Z","e","S"\n'), "utf-8"),
            ("CSV", _zipped(b"x" * 1000)[:-9], "Compressed file ended"),
            ("ORC", b"no orc", "ORC"),
            ("Parquet", b"no parquet", "Parquet"),
        )
    ],
)
def test_a_file_of_another_kind_is_told(
    form: str, content: bytes, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its name, and what is wrong."""
    buckets = Buckets()
    monkeypatch.setitem(_writers(), form, lambda rows, fields: content)
    place = write_report(buckets, [[row("a.csv")]], form=form)
    with pytest.raises(
        InventoryError, match=rf"(?s)found another in s3://reports/all/landing/daily/data/.*{says}"
    ):
        read(buckets, place)


def _writers() -> dict[str, Any]:
    return vars(importlib.import_module("tests.sluice.backfill.inventory.written"))["_WRITERS"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("form", ["ORC", "Parquet"])
def test_a_column_that_the_manifest_promises_and_a_file_lacks_is_told(form: str) -> None:
    """A report is not half read."""
    buckets = Buckets()
    fields = [one for one in CURRENT if one != "ETag"]
    whole = Buckets()
    promised = find_report(whole, write_report(whole, [[row("a.csv")]], form=form, fields=CURRENT))
    found = find_report(buckets, write_report(buckets, [[row("a.csv")]], form=form, fields=fields))
    mixed = Report(
        place=found.place,
        source=found.source,
        created=found.created,
        bucket=found.bucket,
        format=form,
        fields=promised.fields,
        files=found.files,
    )
    with pytest.raises(InventoryError, match="e_tag"):
        list(rows_of(buckets, mixed))


def test_without_pyarrow_csv_is_read_and_the_others_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before anything is read."""
    known = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return known(name, package)

    buckets = Buckets()
    reports = {form: find_report(buckets, write_report(buckets, [[row("a")]], form=form)) for form in FORMS}
    monkeypatch.setattr(importlib, "import_module", without)
    check_readable(reports["CSV"])
    for form in ("ORC", "Parquet"):
        with pytest.raises(InventoryError, match=rf"a report in {form}, found none.*pip install pyarrow"):
            check_readable(reports[form])
