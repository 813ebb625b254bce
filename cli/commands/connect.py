"""`sluice connect BUCKET`: has the events of a bucket that is not Sluice's start runs, or writes what another
account or Region must have for that.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.cloud import Cloud, cloud_of
from cli.console import confirmed, print_json, print_line, print_note, print_text
from cli.errors import FAILED
from cli.options import Commands, command
from cli.project import current_project
from sluice.operate.buckets.connections import Connection, connection_to
from sluice.operate.buckets.event_switch import (
    Notifications,
    check_bucket,
    read_notifications,
    switch_on,
)
from sluice.operate.buckets.forwarding import Home, bucket_statements, forwarding_template, key_statements
from sluice.pipeline.loading import load_pipelines

TEMPLATE, BUCKET_POLICY, KEY_POLICY = "forward.template.json", "bucket-policy.json", "key-policy.json"
Ask = Callable[[str], bool]


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Switches on the events of a bucket that triggers of the project name, and leaves its other"
        " notifications alone. For a bucket of another account or Region it writes what that side must have."
    )
    parser = command(commands, "connect", "have the files of a bucket start runs", text)
    parser.add_argument(
        "bucket", metavar="BUCKET", help="the name of the bucket, as S3Upload(bucket=…) has it"
    )
    parser.add_argument("--yes", action="store_true", help="change the bucket without asking")
    about = "the folder to write the other side's template and policies into; without it they are printed"
    parser.add_argument("--save", metavar="DIR", type=Path, help=about)
    parser.set_defaults(run=lambda given: connect(given, cloud_of(), current_project().root))


def connect(given: argparse.Namespace, cloud: Cloud, root: Path, *, ask: Ask | None = None) -> int:
    """Connect a bucket; return 1 where a person said no, or nobody could be asked.

    Raises RequestError for a bucket that no trigger names, OperationError for one that is not there or is
    elsewhere than its trigger says.
    """
    connection = connection_to(given.bucket, load_pipelines(root))
    home = home_of(cloud)
    foreign = connection.account not in (None, home.account)
    elsewhere = connection.region not in (None, home.region)
    code = 0 if foreign else _switch_on(given, cloud, connection, home, ask or confirmed)
    if foreign or elsewhere:
        _write(given, connection, home, foreign=foreign)
    return code


def home_of(cloud: Cloud) -> Home:
    """Return where Sluice is deployed."""
    sts = cloud.client("sts")
    arn = str(sts.get_caller_identity()["Arn"]).split(":")
    return Home(partition=arn[1], account=arn[4], region=str(sts.meta.region_name), stack_prefix=cloud.prefix)


def _switch_on(given: argparse.Namespace, cloud: Cloud, connection: Connection, home: Home, ask: Ask) -> int:
    s3, bucket = cloud.client("s3"), connection.bucket
    check_bucket(s3, bucket, connection.region or home.region)
    found = read_notifications(s3, bucket)
    changes = not found.switched_on
    if changes:
        print_note(_change(found))
        if not (given.yes or ask(f"Switch on the events of {bucket}?")):
            print_note("Nothing was changed.")
            return FAILED
        switch_on(s3, found)
    if given.json:
        print_json({"bucket": bucket, "changed": changes, "pipelines": connection.pipelines})
    else:
        state = "are sent to EventBridge now" if changes else "were sent to EventBridge already"
        starts = ", ".join(f"{prefix}*" for prefix in connection.prefixes)
        print_line(f"The events of {bucket} {state}: {starts} starts {', '.join(connection.pipelines)}.")
    return 0


def _change(found: Notifications) -> str:
    others = ", ".join(found.others)
    kept = f"; {others} are notified as before" if others else "; nothing else of it changes"
    return f"{found.bucket}: EventBridge notifications off → on{kept}"


def _write(given: argparse.Namespace, connection: Connection, home: Home, *, foreign: bool) -> None:
    """Save or print what the other side must have: in the own account no policy of bucket or key."""
    documents: dict[str, Any] = {TEMPLATE: forwarding_template(connection, home)}
    if foreign:
        documents[BUCKET_POLICY] = bucket_statements(connection, home)
        if connection.kms_keys:
            documents[KEY_POLICY] = key_statements(connection, home)
    if given.save is None:
        print_json(documents)
        return
    given.save.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        (given.save / name).write_text(json.dumps(document, indent=2) + "\n")
    print_text("\n".join(_next_steps(given.save, connection, home, documents)))


def _next_steps(folder: Path, connection: Connection, home: Home, documents: dict[str, Any]) -> list[str]:
    region = connection.region or home.region
    owner = f"account {connection.account}" if connection.account else "this account"
    deploy = f"aws cloudformation deploy --stack-name sluice-{connection.bucket} --region {region}"
    lines = [
        f"In {owner}, Region {region}:",
        f"  {deploy} --capabilities CAPABILITY_IAM --template-file {folder / TEMPLATE}",
    ]
    if BUCKET_POLICY in documents:
        lines += [
            f"  add the statements of {folder / BUCKET_POLICY} to the policy of {connection.bucket}",
            f"  switch on its events: Amazon EventBridge, in the properties of {connection.bucket}",
        ]
    if KEY_POLICY in documents:
        lines.append(
            f"  add the statement of {folder / KEY_POLICY} to the policy of {', '.join(connection.kms_keys)}"
        )
    return lines
