"""The names of triggers in the ledger. A run's id contains it, so it depends on the trigger alone."""

from __future__ import annotations

from sluice.pipeline.definition import S3Upload, Schedule

MANUAL = "manual"


def upload_name(upload: S3Upload) -> str:
    """Return the name of an upload trigger; it begins with ``s3-group`` where a group of files is a run."""
    return f"{'s3-group' if upload.gathers else 's3'}:{upload.prefix}*{upload.suffix}"


def schedule_name(schedule: Schedule) -> str:
    """Return the name of a schedule."""
    return f"schedule:{schedule.expression} {schedule.timezone}"
