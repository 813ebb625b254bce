"""`sluice rerun RUN`: runs a run again from its beginning, with the same trigger, as a new run."""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable

from cli.cloud import Cloud, cloud_of
from cli.commands.again.many import add_many, are_many, for_many
from cli.console import print_json, print_line
from cli.options import Commands, add_labels, add_run, command
from sluice.grouping.ledger import GroupLedger
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.again.restart import Restarter
from sluice.operate.errors import RunRemovedError
from sluice.operate.listing.labels import check_labels, label_run, with_labels_of
from sluice.operate.listing.lookup import find_run_id

Sleep = Callable[[float], None]


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Runs a run again from its beginning, as a new run: the same upload, group, request, time of a"
        " schedule or webhook's body, whatever its trigger was."
    )
    parser = command(commands, "rerun", "run a run again from its beginning", text)
    add_run(parser, optional=True)
    parser.add_argument(
        "--with-current-code",
        action="store_true",
        help="with what is deployed now; default: with what the run itself began with",
    )
    parser.add_argument(
        "--token",
        metavar="TEXT",
        help="the same token is the same new run, however often it is asked for; default: a new one",
    )
    add_labels(parser, "a label of the new runs, besides those of the old ones; several: up to 10")
    add_many(parser)
    parser.set_defaults(run=lambda given: rerun(given, cloud_of()))


def rerun(given: argparse.Namespace, cloud: Cloud, *, sleep: Sleep = time.sleep) -> int:
    """Request a new run for a run, or for each of many; return 1 when one of many could not be."""
    restarter = restarter_of(cloud)
    token, labels = given.token or str(uuid.uuid4()), check_labels(given.label)

    def begin(run_id: str) -> str:
        run = cloud.ledger.load(run_id)
        if run is None:
            raise RunRemovedError(run_id)
        new = restarter.restart(run, token, with_current_code=given.with_current_code)
        label_run(cloud.client("dynamodb"), cloud.deployment.table, new, with_labels_of(run, labels))
        return new

    if are_many(given):
        return for_many(given, cloud, begin, verb="rerun", sleep=sleep)
    run_id = find_run_id(cloud.client("dynamodb"), cloud.deployment.table, given.run_id)
    new = begin(run_id)
    if given.json:
        print_json({"run_id": run_id, "goes_on_as": new})
    else:
        print_line(f"{run_id} runs again from its beginning, as {new}.")
        print_line(f"To follow it: sluice show {new} --follow")
    return 0


def restarter_of(cloud: Cloud) -> Restarter:
    """Return what requests new runs of a cloud."""
    deployment, s3 = cloud.deployment, cloud.client("s3")
    bucket, key = deployment.definitions
    return Restarter(
        groups=GroupLedger(cloud.client("dynamodb"), deployment.table),
        s3=s3,
        sqs=cloud.client("sqs"),
        trigger_queue=deployment.trigger_queue,
        work_bucket=deployment.work,
        definitions=DeployedDefinitions(s3, bucket, key),
    )
