"""The pipeline that Sluice adds to one with ``reconcile=``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.pipeline.backfills import (
    BackfillPipelines,
    backfill_pipeline,
    folder_of,
    rate,
    upload_targets,
)
from sluice.pipeline.compiling import queues_of
from sluice.pipeline.definition import Job, Manual, Pipeline, S3Upload, Schedule
from sluice.pipeline.validation import validate
from sluice.pipeline.validation.triggers.reconciles import has_backfill_job


def sales(*triggers: S3Upload, compute: str = "spot") -> Pipeline:
    """Return a pipeline."""
    return Pipeline(
        name="sales",
        triggers=list(triggers),
        steps=[Job("work", image="busybox", command=["true"], compute=compute)],  # type: ignore[arg-type]
    )


A = S3Upload(prefix="a/", suffix=".csv", reconcile="7d")
B = S3Upload(bucket="landing", prefix="b/", group_of=10, reconcile="168h")
C = S3Upload(prefix="c/", reconcile="12h")
ASKED = S3Upload(prefix="d/", reconcile="on-request")
PLAIN = S3Upload(prefix="e/")


def test_each_interval_has_a_schedule_with_its_triggers() -> None:
    """However it is written; a request is possible beside them."""
    found = backfill_pipeline(sales(A, B, C, ASKED, PLAIN))
    manual, *schedules = found.triggers
    assert isinstance(manual, Manual)
    assert [(one.expression, one.input) for one in schedules if isinstance(one, Schedule)] == [
        ("rate(12 hours)", {"triggers": ["s3:c/*"], "every": "12h", "min_age": "15m"}),
        (
            "rate(7 days)",
            {"triggers": ["s3:a/*.csv", "s3-group://landing/b/*"], "every": "7d", "min_age": "15m"},
        ),
    ]
    assert backfill_pipeline(sales(ASKED)).triggers == [Manual()]


@pytest.mark.parametrize("compute", ["spot", "fargate"])
def test_it_is_a_pipeline_without_mistakes(compute: str) -> None:
    """Also where all of its steps run on Fargate; it needs a queue, which a deploy makes."""
    pipeline = sales(A, compute=compute)
    found = backfill_pipeline(pipeline)
    validate(found, "sales-backfill")
    assert queues_of([found]) == {"normal"} if compute == "spot" else {"fargate-normal"}


def test_a_deploy_has_its_queue_too() -> None:
    """Where all else of the project runs on machines of its own."""
    pipeline = replace(sales(A), machines="own")
    assert queues_of([pipeline]) == {"sales_normal"}
    assert BackfillPipelines([pipeline]).queues == {"sales_normal", "normal"}


def test_only_what_has_reconcile_has_one() -> None:
    """Another pipeline costs nothing."""
    assert not has_backfill_job(sales(PLAIN))
    assert has_backfill_job(sales(PLAIN, ASKED))
    both = BackfillPipelines([sales(PLAIN), sales(A)])
    assert [one.name for one in both.all] == ["sales", "sales", "sales-backfill"]


def test_only_a_job_that_may_read_reports_has_what_reads_them() -> None:
    """It is large. The code is the same."""
    reported = S3Upload(prefix="a/", reconcile="7d", inventory="s3://reports/all/inbox/daily/")
    assert [folder_of(sales(one)) for one in (A, reported)] == ["backfill", "backfill_reports"]
    plain, found = (backfill_pipeline(sales(one)) for one in (A, reported))
    validate(found, "sales-backfill")
    assert (plain.shared, found.shared) == ([], ["backfill"])
    assert found.steps[0].run == plain.steps[0].run
    (one,) = upload_targets(sales(reported), "inbox", {})
    assert one.inventory == "s3://reports/all/inbox/daily/"


def test_its_job_knows_all_that_the_uploads_take() -> None:
    """Those without an interval too: a person may ask for them."""
    first, second = upload_targets(sales(PLAIN, B), "inbox", {"bucket": "assets", "key": "1.json"})
    assert (first.bucket, first.trigger, first.group_of) == ("inbox", "s3:e/*", None)
    assert (second.bucket, second.trigger, second.group_of) == ("landing", "s3-group://landing/b/*", 10)


@pytest.mark.parametrize(
    ("interval", "expression"),
    [
        ("7d", "rate(7 days)"),
        ("1d", "rate(1 day)"),
        ("1d12h", "rate(36 hours)"),
        ("1h", "rate(1 hour)"),
        ("90m", "rate(90 minutes)"),
    ],
)
def test_an_interval_is_a_rate(interval: str, expression: str) -> None:
    """EventBridge Scheduler has one unit, in the singular for 1."""
    assert rate(interval) == expression
