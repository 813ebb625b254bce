"""Upload triggers whose objects are reconciled."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.pipeline.definition import Job, Manual, Pipeline, S3Upload, Trigger
from sluice.pipeline.validation.triggers.reconciles import check_backfill_names
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid


@pytest.mark.parametrize("interval", ["1h", "90m", "7d", "1d12h", "180d", "on-request"])
def test_a_time_or_on_request(interval: str) -> None:
    """Of single files and of groups, in the inbox and in other buckets, each trigger as it likes."""
    triggers = [
        S3Upload(prefix="a/", reconcile=interval),
        S3Upload(prefix="b/", group_of=10, reconcile=interval),
        S3Upload(bucket="team-landing", prefix="c/", reconcile="30d"),
        S3Upload(prefix="d/"),
    ]
    assert mistakes_of(valid(triggers=triggers)) == ""


@pytest.mark.parametrize(
    ("interval", "says"),
    [
        ("59m", "a time from 1h to 180d"),
        ("181d", "a time from 1h to 180d"),
        ("", "a time from 1h to 180d"),
        ("weekly", "'weekly'"),
        ("7 d", "'7 d'"),
        (7, "a valid string"),
    ],
)
def test_any_other_interval_is_a_mistake_at_its_field(interval: Any, says: str) -> None:
    """With what was expected, or found."""
    found = mistakes_of(valid(triggers=[S3Upload(prefix="a/", reconcile=interval)]))
    (line,) = [line for line in found.splitlines() if "triggers[0].reconcile: " in line]
    assert says in line


REPORTS = "s3://team-reports/all/landing/daily/"


def with_reports(place: Any, reconcile: str | None = "on-request") -> str:
    """Return the mistakes of a trigger whose reports are at a place."""
    upload = S3Upload(bucket="landing", prefix="a/", reconcile=reconcile, inventory=place)
    return mistakes_of(valid(triggers=[upload]))


def test_reports_are_read_from_a_folder_by_a_job() -> None:
    """Which there is with reconcile= alone."""
    assert with_reports(REPORTS) == ""
    assert "Write reconcile='on-request'" in with_reports(REPORTS, None)
    assert with_reports("s3://team-reports/landing/daily/") == ""


def test_of_the_inbox_a_deploy_knows_the_name() -> None:
    """So nothing is said of the reports' folder."""
    upload = S3Upload(prefix="a/", reconcile="7d", inventory=REPORTS)
    assert mistakes_of(valid(triggers=[upload])) == ""


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("team-reports/all/", "s3://"),
        ("s3://team-reports/", "s3://"),
        (REPORTS.rstrip("/"), "s3://"),
        (f"{REPORTS}manifest.json", "s3://"),
        ("s3://team-reports/*/", "s3://"),
        (f"{REPORTS}2026-11-28T01-00Z/", f'inventory="{REPORTS}"'),
        ("s3://team-reports/all/another/daily/", "expected a folder of reports of the bucket landing, found"),
        ("s3://team-reports/landing/", 'Write inventory="s3://destination/prefix/landing/configuration/"'),
        ("s3://landing/daily/", "expected a folder of reports of the bucket landing"),
        (7, "a valid string"),
    ],
)
def test_what_is_no_folder_of_reports_is_a_mistake_at_its_field(place: Any, says: str) -> None:
    """The files of a report lie beside its own folder."""
    (line,) = [line for line in with_reports(place).splitlines() if "triggers[0].inventory: " in line]
    assert says in line


def test_a_bucket_of_another_account_is_refused() -> None:
    """Its policy lets the jobs of the pipeline read, and nobody list for a backfill."""
    upload = S3Upload(bucket="theirs", account="111122223333", prefix="a/", reconcile="7d")
    assert "account='111122223333'" in mistakes_of(valid(triggers=[upload]))


def test_the_name_has_room_for_that_of_the_backfill() -> None:
    """Which ends with -backfill, and has forty characters at most, too."""
    upload = S3Upload(prefix="a/", reconcile="7d")
    assert mistakes_of(valid(name="a" * 31, triggers=[upload])) == ""
    assert "at most 31 characters" in mistakes_of(valid(name="a" * 32, triggers=[upload]))
    assert mistakes_of(valid(name="a" * 32, triggers=[S3Upload(prefix="a/")])) == ""


def pipeline(name: str, trigger: Trigger) -> Pipeline:
    """Return a pipeline."""
    return Pipeline(name=name, triggers=[trigger], steps=[Job("work", run="work")])


def test_a_pipeline_with_the_name_of_a_backfill_is_a_mistake_of_the_project() -> None:
    """Only beside the pipeline that is backfilled by a job."""
    mine = pipeline("sales-backfill", Manual())
    reconciled = pipeline("sales", S3Upload(prefix="a/", reconcile="7d"))
    (found,) = check_backfill_names({"a.py": mine, "b.py": reconciled})
    assert (found.where, found.found) == ("a.py", "'sales-backfill'")
    assert "reconcile sales" in found.expected
    plain = pipeline("sales", S3Upload(prefix="a/"))
    assert list(check_backfill_names({"a.py": mine, "b.py": plain})) == []
