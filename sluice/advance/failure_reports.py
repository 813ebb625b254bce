"""Reads the failure reports that jobs write to the work bucket."""
# ruff: noqa: N803 - botocore's names

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from sluice import keys

_CHARACTERS = 2_000


class ReportReader(Protocol):
    """The calls of S3 that find and read a report."""

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int) -> Any:
        """Call ListObjectsV2."""

    def get_object(self, *, Bucket: str, Key: str) -> Any:
        """Call GetObject."""


def first_failure(s3: ReportReader, bucket: str, run_id: str, step: str, generation: int = 0) -> str | None:
    """Return in one sentence the report of the first failed job or child of a step's generation, or None
    without a report.

    Raises what S3 answers, and ValueError, KeyError, TypeError or AttributeError for what is no report.
    """
    report = _first_report(s3, bucket, run_id, step, generation)
    if report is None:
        return None
    return f"{report['error']}: {report['message']}"[:_CHARACTERS] + _where(report)[:_CHARACTERS]


def _where(report: Mapping[str, Any]) -> str:
    """Return which item, of which child and attempt, or which node failed; jobs of before say less."""
    if report.get("where"):
        return f" ({report['where']})"
    return "".join(f" ({name} {report[name]})" for name in ("item", "node") if report.get(name) is not None)


def last_lines_of_first_failure(
    s3: ReportReader, bucket: str, run_id: str, step: str, generation: int = 0
) -> tuple[str, ...]:
    """Return the last lines that the first failed job or child wrote to its standard error, none without a
    report or where it has none. Raises as ``first_failure`` does.
    """
    report = _first_report(s3, bucket, run_id, step, generation) or {}
    return tuple(str(line) for line in report.get("stderr") or ())


def _first_report(s3: ReportReader, bucket: str, run_id: str, step: str, generation: int) -> Any:
    prefix = keys.failures_prefix(run_id, step, generation)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    if not listed.get("Contents"):
        return None
    return json.loads(s3.get_object(Bucket=bucket, Key=listed["Contents"][0]["Key"])["Body"].read())
