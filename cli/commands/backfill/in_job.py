"""`sluice backfill NAME --in-job`: a job in the account does what the command would."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable

from cli.cloud import Cloud
from cli.console import print_json, print_line, print_note
from cli.errors import FAILED
from sluice.backfill.asked import Asked
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.backfill import check_has_job, request_job, targets_of
from sluice.pipeline.definition import Pipeline


def in_job(
    given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline, asked: Asked, ask: Callable[[str], bool]
) -> int:
    """Request the run whose job does a backfill, and print its id; return 1 where a person said no.

    Raises RequestError for what no trigger takes and for a pipeline without such a job, OperationError for
    one whose job is not deployed.
    """
    check_has_job(pipeline)
    bucket, key = cloud.deployment.definitions
    deployed = DeployedDefinitions(cloud.client("s3"), bucket, key)
    targets = targets_of(pipeline, asked, cloud.deployment.inbox, deployed.location_of(pipeline.name))
    print_note(f"objects of {' and '.join(pattern for one in targets for pattern in one.patterns)}")
    if not (given.yes or given.dry_run or ask("Have a job process those that were not?")):
        print_note("Nothing was changed.")
        return FAILED
    run_id = request_job(
        cloud.client("events"), pipeline, asked, deployed, str(uuid.uuid4()), cloud.deployment.prefix
    )
    if given.json:
        print_json({"run_id": run_id})
        return 0
    print_line(run_id)
    print_note(
        f"sluice backfill {pipeline.name} --status shows how far it is, sluice logs {run_id} what it says,"
        f" and sluice cancel {run_id} ends it"
    )
    return 0
