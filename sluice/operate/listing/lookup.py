"""Finds a run by the beginning of its id, or of the 20 characters at the id's end, which an SMS has."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.ledger import records
from sluice.operate.clients import RunTableWriter
from sluice.operate.errors import AmbiguousRunError, RunIdMissingError, RunNotFoundError
from sluice.operate.listing.adopting import Adoption
from sluice.operate.listing.index import RunIndex
from sluice.operate.listing.listing import list_runs
from sluice.operate.listing.scan import id_of, scan

LATEST = "latest"
"""The word that stands for the newest run."""
MAX_FOUND = 100
_DIGEST_CHARACTERS = 20


def find_run_id(dynamodb: RunTableWriter, table: str, part: str) -> str:
    """Return the id of the one run that is meant: a GetItem for a whole id, the index of runs for a part of
    it and for ``latest``, the newest run of all.

    Raises RunNotFoundError when there is none, AmbiguousRunError when there are several, RunIdMissingError
    for an empty text.
    """
    if not part:
        raise RunIdMissingError
    if part == LATEST:
        return _newest(dynamodb, table)
    answer = dynamodb.get_item(
        TableName=table, Key=records.run_key(part), ProjectionExpression="pk", ConsistentRead=True
    )
    if "Item" in answer:
        return part
    found = _beginning_with(dynamodb, table, part)
    if not found:
        raise RunNotFoundError(part)
    if len(found) > 1:
        raise AmbiguousRunError(part, found)
    return found[0]


def _newest(dynamodb: RunTableWriter, table: str) -> str:
    newest = list_runs(dynamodb, table, limit=1).runs
    if not newest:
        raise RunNotFoundError(LATEST)
    return newest[0].run_id


def _beginning_with(dynamodb: RunTableWriter, table: str, part: str) -> list[str]:
    """Return the runs whose id, or the digest at whose end, begins so; at most MAX_FOUND of each."""
    if Adoption(dynamodb, table).is_complete():
        return RunIndex(dynamodb, table).beginning_with(part, MAX_FOUND)
    return sorted(_scanned(dynamodb, table, part))


def _scanned(dynamodb: RunTableWriter, table: str, part: str) -> Iterator[str]:
    condition = "sk = :run AND (begins_with(pk, :start) OR contains(pk, :within))"
    values = records.values(run=records.RUN, start=records.pk(part), within=f"-{part}")
    for item in scan(dynamodb, table, condition, values, ("pk",)):
        run_id = id_of(item)
        if run_id.startswith(part) or run_id[-_DIGEST_CHARACTERS:].startswith(part):
            yield run_id
