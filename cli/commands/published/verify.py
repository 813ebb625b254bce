"""`sluice verify RUN|PREFIX|DIRECTORY`: checks a folder of results against its receipt."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from cli.cloud import Cloud, cloud_of
from cli.console import print_json, print_line
from cli.errors import FAILED, UsageError
from cli.options import Commands, command
from sluice.counted import counted
from sluice.operate.errors import RunRemovedError
from sluice.operate.listing.lookup import find_run_id
from sluice.operate.verifying.folders import Directory, Folder, S3Folder
from sluice.operate.verifying.verify import Verified, verify
from sluice.receipts.location import Location, bucket_and_prefix, location_of_run

_SHOWN = 20
_ADDRESS = "s3://"


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    parser = command(
        commands,
        "verify",
        "check results against their receipt",
        "Reads every file of a folder of results and says what is missing, changed or additional to what its"
        " receipt, _sluice.json, names. A directory is checked without any cloud. Exit code: 0 when all is as"
        " it says, else 1.",
    )
    parser.add_argument(
        "what",
        metavar="RUN|PREFIX|DIRECTORY",
        help="a run's id or the beginning of it, s3://bucket/prefix/, or a directory with downloaded results",
    )
    parser.set_defaults(run=lambda given: verify_results(given, cloud_of))


def verify_results(given: argparse.Namespace, cloud: Callable[[], Cloud]) -> int:
    """Check a folder; return 0 when it is what its receipt says, 1 when it is not.

    Raises OperationError for a folder without a receipt.
    """
    folder, run_id = _folder(given.what, cloud)
    found = verify(folder, run_id)
    if given.json:
        print_json(_document(found))
    else:
        _show(found)
    return 0 if found.comparison.is_whole else FAILED


def _folder(what: str, cloud: Callable[[], Cloud]) -> tuple[Folder, str | None]:
    """Return the folder that is meant, and the run whose receipt it should have, if one was named."""
    if what.startswith(_ADDRESS):
        found = bucket_and_prefix(f"{what.removesuffix('/')}/")
        if found is None:
            raise UsageError(f"Expected s3://bucket/prefix/, found {what!r}.")
        return S3Folder(cloud().client("s3"), Location(*found)), None
    if Path(what).is_dir():
        return Directory(Path(what)), None
    if "/" in what:
        raise UsageError(f"Expected a directory, a run's id or s3://bucket/prefix/, found {what!r}.")
    chosen = cloud()
    run_id = find_run_id(chosen.client("dynamodb"), chosen.deployment.table, what)
    run = chosen.ledger.load(run_id)
    if run is None:
        raise RunRemovedError(run_id)
    return S3Folder(chosen.client("s3"), location_of_run(run, chosen.deployment.results)), run_id


def _show(found: Verified) -> None:
    comparison = found.comparison
    for word, names in _differences(found).items():
        for name in names[:_SHOWN]:
            print_line(f"{word:<10}  {name}")
        if len(names) > _SHOWN:
            print_line(f"{word:<10}  and {len(names) - _SHOWN:,} more: --json has all")
    total = len(found.receipt.files)
    print_line(
        f"{found.address}: {comparison.matching:,} of"
        f" {counted(total, 'file is', 'files are')} as the receipt of"
        f" {found.receipt.run} says."
    )


def _differences(found: Verified) -> dict[str, tuple[str, ...]]:
    one = found.comparison
    return {"missing": one.missing, "changed": one.changed, "additional": one.additional}


def _document(found: Verified) -> dict[str, object]:
    return {
        "address": found.address,
        "run_id": found.receipt.run,
        "pipeline": found.receipt.pipeline,
        "version": found.receipt.version,
        "whole": found.comparison.is_whole,
        **asdict(found.comparison),
    }
