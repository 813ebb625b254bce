"""The catalog as a file: what is written at synthesis is what the deployed console shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from console.catalog import known, text_of_catalog
from console.live.catalog_file import read_catalog
from sluice import Job, Manual, Pipeline, S3Upload, Schedule, Webhook

SCHEMA = {"type": "object", "properties": {"throws": {"type": "integer"}}}
DAILY = Pipeline(
    name="daily",
    triggers=[
        Manual(),
        Schedule("cron(0 6 * * ? *)", timezone="Europe/Berlin"),
        Schedule("rate(6 hours)"),
        S3Upload(prefix="in/", suffix=".csv"),
        Webhook(schema=SCHEMA),
    ],
    steps=[Job("work", run="work")],
)


def test_what_is_written_is_read() -> None:
    """Forms, triggers and schemas alike."""
    (found,) = read_catalog(text_of_catalog([DAILY])).pipelines
    assert found == known(DAILY)
    assert found.uploads[0].takes("a.csv")


def test_the_next_time_is_that_of_the_reader() -> None:
    """A file of last year says when the schedule comes next from now on."""
    document = json.loads(text_of_catalog([DAILY]))
    document["pipelines"][0]["form"]["triggers"][1]["next"] = "2020-01-01T06:00:00+00:00"
    (found,) = read_catalog(json.dumps(document)).pipelines
    comes = datetime.fromisoformat(found.form.triggers[1].next or "")
    assert timedelta(0) <= comes - datetime.now(UTC) <= timedelta(days=1, hours=1)
    assert found.form.triggers[2].next is None


def test_a_file_of_another_version_is_a_note() -> None:
    """The pipelines were deployed by a newer Sluice than the console."""
    found = read_catalog('{"version": 2, "pipelines": [{}]}')
    assert (found.pipelines, "Deploy again" in (found.note or "")) == ((), True)
