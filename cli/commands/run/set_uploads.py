"""Uploads files of sets, and says of each set whether its run begins or what it lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cli.cloud import Cloud
from cli.commands.sets import set_inbox
from cli.console import print_note
from sluice.counted import counted
from sluice.operate.start.set_files import SetAfterUpload, SetFile, sets_after
from sluice.sets.ledger import SetLedger
from sluice.triggers.trigger_event import S3Object
from sluice.visible import visible

_MAX_NAMED = 20


def follow_sets(
    cloud: Cloud,
    pipeline: str,
    stored: Sequence[tuple[SetFile, S3Object]],
    sleep: Callable[[float], None],
) -> list[SetAfterUpload]:
    """Wait until the sets of uploaded files have them, say what becomes of each, and return them."""
    if stored:
        print_note("waiting until the group Lambda has the files")
    ledger = SetLedger(cloud.client("dynamodb"), cloud.deployment.table)
    found = sets_after(ledger, set_inbox(cloud), pipeline, stored, sleep)
    for one in found:
        _note(pipeline, one)
    return found


def _note(pipeline: str, found: SetAfterUpload) -> None:
    name = visible(found.name)
    if found.unexpected:
        keys = ", ".join(map(visible, found.unexpected[:_MAX_NAMED]))
        print_note(f"{keys}: not among the files that {name} expects, and given to its run all the same")
    if found.late:
        keys = ", ".join(map(visible, found.late[:_MAX_NAMED]))
        print_note(f"{keys} came after the run {found.run_id} of {name} had begun, and is in none")
    elif found.note:
        print_note(f"it is not known what {name} lacks: {visible(found.note)}")
    elif not found.begins:
        names = ", ".join(map(visible, found.missing.names[:_MAX_NAMED]))
        which = f" ({names}{', …' if found.missing.count > _MAX_NAMED else ''})" if names else ""
        lacks = counted(found.missing.count, "file")
        print_note(
            f"{name} lacks {lacks}{which}; {found.run_id} begins when it is whole, or"
            f" with `sluice sets close {pipeline} {name}`"
        )
