"""`sluice destroy`: deletes the stacks, and says what outlives them; with `--data` removes that too."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

from cli.cloud import Cloud, cloud_of
from cli.console import print_json, print_line, print_note
from cli.deploying.bootstrap import shared_assets
from cli.errors import UsageError
from cli.options import Commands, command
from sluice.operate.errors import NotDeployedError
from sluice.operate.removal.data import DataRemover
from sluice.operate.removal.kept import (
    BUCKET,
    DEFINITION,
    FILE,
    IMAGE,
    LIMIT,
    TABLE,
    Kept,
    find_kept,
    pushed,
)
from sluice.operate.removal.roles import ROLE
from sluice.operate.removal.stacks import (
    Stack,
    check_no_run_is_unfinished,
    delete_stacks,
    find_stacks,
)

_WORDS = {
    BUCKET: "bucket, with all versions of its objects",
    TABLE: "ledger of all runs",
    DEFINITION: "job definition",
    LIMIT: "limit",
    IMAGE: "image",
    FILE: "compiled pipeline",
    ROLE: "role of a step",
}
_SHOWN_ONE_BY_ONE = (BUCKET, TABLE)


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Deletes the four stacks. The buckets, the ledger, the job definitions and the images outlive them:"
        " they are listed, and removed with --data only."
    )
    parser = command(commands, "destroy", "delete the stacks, and say what outlives them", text)
    parser.add_argument("--data", action="store_true", help="also remove what outlives the stacks, for ever")
    parser.add_argument(
        "--confirm",
        metavar="PREFIX",
        help="the prefix of the stacks, typed out; without it the command only says what it would do",
    )
    parser.set_defaults(run=lambda given: destroy(given, cloud_of()))


def destroy(given: argparse.Namespace, cloud: Cloud) -> int:
    """Delete the stacks, or say what would be deleted and what would stay.

    Raises OperationError while a run is unfinished, UsageError when another prefix was typed, and
    NotDeployedError where there is nothing.
    """
    prefix = cloud.prefix
    cloudformation = cloud.client("cloudformation")
    stacks = find_stacks(cloudformation, prefix)
    if not stacks:
        raise NotDeployedError(f"Expected stacks whose names begin with {prefix}, found none.")
    kept = [*find_kept(cloudformation, cloud.client("batch"), stacks), *_pushed(cloud)]
    if given.confirm not in (None, prefix):
        raise UsageError(f"Expected --confirm {prefix}, the prefix of the stacks, found {given.confirm!r}.")
    if given.json:
        print_json(_document(stacks, kept))
    else:
        _show(stacks, kept, data=given.data)
    if given.confirm is None:
        again = f"with --confirm {prefix} (`make destroy`: CONFIRM={prefix})"
        print_note(f"Nothing was deleted. To do so, repeat the command {again}")
        return 0
    if any(stack.name == f"{prefix}Storage" and not stack.is_deleted for stack in stacks):
        check_no_run_is_unfinished(cloud.ledger)
    delete_stacks(cloudformation, stacks, lambda stack: print_note(f"deleting {stack.name} …"))
    if given.data:
        _remove(cloud, kept)
    return 0


def _pushed(cloud: Cloud) -> list[Kept]:
    shared = shared_assets(cloud.client("sts"))
    return list(pushed(cloud.client("ecr"), cloud.client("s3"), shared, f"{cloud.prefix}Pipelines"))


def _remove(cloud: Cloud, kept: Sequence[Kept]) -> None:
    remover = DataRemover(
        s3=cloud.client("s3"),
        dynamodb=cloud.client("dynamodb"),
        batch=cloud.client("batch"),
        ecr=cloud.client("ecr"),
        iam=cloud.client("iam"),
    )
    left = remover.remove(kept, lambda one: print_note(f"removing {_WORDS[one.kind]} {one.name} …"))
    for one in left:
        print_note(f"{one.name} ({one.kind}) stays: remove it by hand.")


def _document(stacks: Sequence[Stack], kept: Sequence[Kept]) -> dict[str, object]:
    return {
        "stacks": [stack.name for stack in stacks if not stack.is_deleted],
        "kept": [{"kind": one.kind, "name": one.name, "within": one.within or None} for one in kept],
    }


def _show(stacks: Sequence[Stack], kept: Sequence[Kept], *, data: bool) -> None:
    live = [stack.name for stack in stacks if not stack.is_deleted]
    print_line(f"Stacks that are deleted: {', '.join(live) or 'none, they are deleted already'}.")
    print_line("What outlives them is removed too, for ever:" if data else "What outlives them:")
    for line in _lines(kept):
        print_line(f"  {line}")
    if not data:
        print_line("`sluice destroy --data` removes that as well, also later.")


def _lines(kept: Sequence[Kept]) -> Iterator[str]:
    """Yield what is listed: what holds data by its name, everything else by its number."""
    yield from (f"{_WORDS[one.kind]}: {one.name}" for one in kept if one.kind in _SHOWN_ONE_BY_ONE)
    counts = Counter(one.kind for one in kept if one.kind not in _SHOWN_ONE_BY_ONE)
    yield from (f"{count} of the kind: {_WORDS.get(kind, kind)}" for kind, count in sorted(counts.items()))
