"""What the ledger calls a trigger. A run's id is made from it, so it depends on nothing but the trigger."""

from __future__ import annotations

from sluice.pipeline.definition import S3Upload, Schedule

MANUAL = "manual"


def upload_name(upload: S3Upload) -> str:
    """Return the name of an upload trigger; its first word says whether a file or a group of files starts a
    run.
    """
    return f"{'s3-group' if upload.gathers else 's3'}:{upload.prefix}*{upload.suffix}"


def schedule_name(schedule: Schedule) -> str:
    """Return the name of a schedule."""
    return f"schedule:{schedule.expression} {schedule.timezone}"
