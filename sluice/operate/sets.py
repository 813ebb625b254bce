"""Sets of files as people see them: those that are open, with what they lack, and how one is closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sluice.counted import counted
from sluice.errors import MalformedMessageError
from sluice.messages import SetDue
from sluice.operate.clients import MessageSender
from sluice.operate.errors import OperationError
from sluice.sets.file_set import NEVER, FileSet, SetState
from sluice.sets.ledger import SetLedger, UnmatchedKeys
from sluice.sets.wholeness import Inbox, contents_of
from sluice.triggers.set_rules import Missing

MAX_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSet:
    """A set that waits for files: what it has, what it lacks, since when, and when it is late; times in ISO
    8601, UTC. ``note`` says why it is not known what is missing.
    """

    pipeline: str
    pattern: str
    set: str
    state: str
    since: str
    last: str
    late_at: str | None
    files: int
    missing: int
    names: tuple[str, ...]
    note: str = ""


def open_sets(ledger: SetLedger, inbox: Inbox, pipeline: str | None) -> list[OpenSet]:
    """Return the open sets of a pipeline, or of all, the oldest first."""
    found = [one for one in ledger.unfinished() if pipeline in (None, one.pipeline)]
    return sorted((_open_set(ledger, inbox, one) for one in found), key=lambda one: one.since)


def unmatched_keys(ledger: SetLedger, pipelines: list[str]) -> Iterator[tuple[str, UnmatchedKeys]]:
    """Yield the keys that belong to no set, with their pipelines."""
    for pipeline in pipelines:
        yield from ((pipeline, one) for one in ledger.unmatched(pipeline))


def close_set(ledger: SetLedger, sqs: MessageSender, queue: str, pipeline: str, name: str) -> str:
    """Have the open set of this name closed, and return the id of the run that it becomes.

    Raises OperationError when there is none, or several triggers of the pipeline have one of this name.
    """
    mine = [one for one in ledger.unfinished() if one.pipeline == pipeline]
    named = [one for one in mine if one.name == name or name in one.partition.values()]
    if len(named) != 1:
        have = counted(len(named), "open set has", "open sets have") if named else "no open set has"
        raise OperationError(
            f"Expected the name of one open set of {pipeline}, found {name!r}, which {have}. {_open(mine)}"
        )
    found = named[0]
    message = SetDue(pipeline=pipeline, trigger=found.trigger, partition=dict(found.partition), close=1)
    sqs.send_message(QueueUrl=queue, MessageBody=message.to_json())
    return found.run_id


def _open(sets: Sequence[FileSet]) -> str:
    if not sets:
        return "None of its sets is open."
    more = ", …" if len(sets) > MAX_NAMED else ""
    return f"Open: {', '.join(one.name for one in sets[:MAX_NAMED])}{more}."


def _open_set(ledger: SetLedger, inbox: Inbox, found: FileSet) -> OpenSet:
    try:
        contents = contents_of(found, ledger.files(found), inbox)
        files, missing, note = len(contents.members), contents.missing, ""
    except MalformedMessageError as error:
        files, missing, note = found.events, Missing(0), str(error)
    return OpenSet(
        pipeline=found.pipeline,
        pattern=found.rules.pattern,
        set=found.name,
        state=found.state,
        since=found.opened_at,
        last=found.last_at,
        late_at=found.due_at if found.state is SetState.OPEN and found.due_at != NEVER else None,
        files=files,
        missing=missing.count,
        names=missing.names[:MAX_NAMED],
        note=note,
    )
