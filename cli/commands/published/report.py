"""`sluice report RUN`: writes a run as one HTML file that needs nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path

from botocore.exceptions import ClientError

from cli.cloud import Cloud, cloud_of
from cli.console import print_json, print_line
from cli.options import Commands, add_run, command
from sluice import keys
from sluice.operate.errors import OperationError
from sluice.operate.listing.lookup import find_run_id
from sluice.operate.run_report import report_of
from sluice.operate.watching.snapshot import read_snapshot
from sluice.receipts.location import location_of_run
from sluice.report.page import page_of

_NOT_WRITTEN = {
    "NoSuchBucket": "no such bucket",
    "AccessDenied": "that s3:PutObject is refused to these credentials",
}


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Writes a run as one HTML file, without any script: its graph, times, failures, input and results. It"
        " can be read without Sluice."
    )
    parser = command(commands, "report", "write a run as one HTML file", text)
    add_run(parser)
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help=f"default: {keys.REPORT} among the run's results, in S3"
    )
    parser.set_defaults(run=lambda given: report(given, cloud_of()))


def report(given: argparse.Namespace, cloud: Cloud) -> int:
    """Write the report of a run and print where it is; return 0."""
    deployment, s3 = cloud.deployment, cloud.client("s3")
    run_id = find_run_id(cloud.client("dynamodb"), deployment.table, given.run_id)
    snapshot = read_snapshot(cloud.ledger, cloud.client("batch"), run_id)
    page = page_of(report_of(s3, deployment.work, deployment.results, snapshot))
    if given.output is None:
        place = location_of_run(snapshot.run, deployment.results)
        kind = "text/html; charset=utf-8"
        where = f"{place.uri}{keys.REPORT}"
        try:
            s3.put_object(
                Bucket=place.bucket, Key=place.prefix + keys.REPORT, Body=page.encode(), ContentType=kind
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise OperationError(
                f"Expected to write {where}, found {_NOT_WRITTEN.get(code, code)}. `sluice report {run_id}"
                " --output FILE` writes it here."
            ) from error
    else:
        given.output.write_text(page, encoding="utf-8")
        where = str(given.output)
    if given.json:
        print_json({"run_id": run_id, "report": where})
    else:
        print_line(where)
    return 0
