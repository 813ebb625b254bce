"""`sluice results RUN`: the files that a run has published, and their download."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from cli.cloud import Cloud, cloud_of
from cli.console import console_of, print_json, print_line, print_table
from cli.options import Commands, add_run, command
from sluice.operate.errors import RequestError, RunRemovedError
from sluice.operate.listing.lookup import find_run_id
from sluice.operate.runs.results import ResultFile, download_result, list_results
from sluice.receipts.location import location_of_run

_COLUMNS = ("FILE", "BYTES", "ADDRESS")


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "results",
        "list or download the files that a run has published",
        "Lists the files that a run has published, or downloads them into a folder.",
    )
    add_run(parser)
    parser.add_argument(
        "--download", metavar="DIR", type=Path, help="a folder to put the files into; it is made when missing"
    )
    parser.set_defaults(run=lambda given: results(given, cloud_of()))


def results(given: argparse.Namespace, cloud: Cloud) -> int:
    """List a run's files, or download them; return 0. Raises OperationError for a run that is not there."""
    run_id = find_run_id(cloud.client("dynamodb"), cloud.deployment.table, given.run_id)
    run = cloud.ledger.load(run_id)
    if run is None:
        raise RunRemovedError(run_id)
    location = location_of_run(run, cloud.deployment.results)
    bucket = location.bucket
    files = list(list_results(cloud.client("s3"), location))
    if given.download is not None:
        _download(cloud, bucket, files, given.download)
    if given.json:
        print_json({"run_id": run_id, "bucket": bucket, "files": [asdict(file) for file in files]})
    elif not files:
        print_line(f"{run_id} has published no files.")
    else:
        rows = [(file.name, f"{file.size:,}", f"s3://{bucket}/{file.key}") for file in files]
        print_table(console_of(), _COLUMNS, rows)
    return 0


def _download(cloud: Cloud, bucket: str, files: list[ResultFile], folder: Path) -> None:
    folder = folder.resolve()
    for file in files:
        path = (folder / file.name).resolve()
        # A name comes from a step: it must not lead out of the folder.
        if not path.is_relative_to(folder):
            raise RequestError(
                f"Expected names of files below {folder}, found {file.name!r}. Nothing more is written."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        download_result(cloud.client("s3"), bucket, file, path)
