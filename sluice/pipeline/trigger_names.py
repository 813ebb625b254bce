"""The names of triggers in the ledger. A run's id contains it, so it depends on the trigger alone."""

from __future__ import annotations

from sluice.pipeline.definition import AfterRun, FileSet, S3Upload, Schedule
from sluice.triggers.upload_patterns import group_name, pattern_of, suffixes_name

MANUAL = "manual"


def upload_name(upload: S3Upload) -> str:
    """Return the name of an upload trigger; it begins with ``s3-group`` where a group of files is a run, and
    names a bucket that is not the inbox.
    """
    if upload.gathers:
        return group_name(upload.prefix, suffixes_name(upload.suffixes), upload.bucket)
    return f"s3:{pattern_of(upload.prefix, suffixes_name(upload.suffixes), upload.bucket)}"


def set_name(found: FileSet) -> str:
    """Return the name of a set's trigger."""
    return f"s3-set:{found.pattern}"


def schedule_name(schedule: Schedule) -> str:
    """Return the name of a schedule."""
    return f"schedule:{schedule.expression} {schedule.timezone}"


def after_name(after: AfterRun) -> str:
    """Return the name of the trigger of a chain."""
    return f"after:{','.join(sorted(after.pipelines))} {after.when}"
