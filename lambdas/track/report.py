"""Reads the failure reports that jobs write to the work bucket."""

from __future__ import annotations

import json

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.consuming import logger
from sluice import keys
from sluice.aws.clients import client

_CHARACTERS = 2_000


def failure_report(bucket: str, run_id: str, step: str, generation: int = 0) -> str | None:
    """Return in one sentence the report of the first failed job or child of a step's generation, or None
    without a report.
    """
    try:
        listed = client("s3").list_objects_v2(
            Bucket=bucket, Prefix=keys.failures_prefix(run_id, step, generation), MaxKeys=1
        )
        if not listed.get("Contents"):
            return None
        report = json.loads(
            client("s3").get_object(Bucket=bucket, Key=listed["Contents"][0]["Key"])["Body"].read()
        )
        where = "".join(
            f" ({name} {report[name]})" for name in ("item", "node") if report.get(name) is not None
        )
        return f"{report['error']}: {report['message']}"[:_CHARACTERS] + where[:_CHARACTERS]
    except (ClientError, BotoCoreError, ValueError, KeyError, TypeError, AttributeError) as error:
        # The failure itself is recorded all the same; only the report is missing.
        logger.warning("A failure report could not be read.", run=run_id, step=step, error=str(error))
        return None
