"""Reads the failure reports that jobs write to the work bucket."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.consuming import logger
from sluice.advance.failure_reports import first_failure
from sluice.aws.clients import client


def failure_report(bucket: str, run_id: str, step: str, generation: int = 0) -> str | None:
    """Return in one sentence the report of the first failed job or child of a step's generation, or None
    without a report.
    """
    try:
        return first_failure(client("s3"), bucket, run_id, step, generation)
    except (ClientError, BotoCoreError, ValueError, KeyError, TypeError, AttributeError) as error:
        # The failure itself is recorded all the same; only the report is missing.
        logger.warning("A failure report could not be read.", run=run_id, step=step, error=str(error))
        return None
