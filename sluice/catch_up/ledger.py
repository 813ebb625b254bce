"""How far the missed times of a pipeline's schedules are, in the ledger's table.

``pk = CATCHUP#<pipeline>``, ``sk = CATCHUP``: one item a pipeline, which is in the index of the unfinished
while times are open. Every write is on the condition that the item is as it was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sluice.aws.table import DynamoDB, Item, Table, read_items
from sluice.catch_up.covered import Covered
from sluice.ledger import records as items
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.run.state import RunState

PREFIX, CATCH_UP = "CATCHUP#", "CATCHUP"
UNFINISHED = "catch-up"
"""The index key of a pipeline with open times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUpState:
    """What is caught up of a pipeline: by its schedules' names, with the definition that was deployed when
    the schedules were last ``seen_at``. ``runs`` are those that were begun and had not ended.
    """

    pipeline: str
    definition: Mapping[str, str]
    seen_at: str
    covered: Mapping[str, Covered] = field(default_factory=dict)
    runs: tuple[str, ...] = ()
    revision: int = 0

    @property
    def is_open(self) -> bool:
        """Return whether times are still to be looked at."""
        return any(one.open for one in self.covered.values())

    def is_gone(self, now: datetime, after: timedelta) -> bool:
        """Return whether no deploy has asked for it for so long: then none does any more."""
        return now - datetime.fromisoformat(self.seen_at) > after


@dataclass(frozen=True, slots=True)
class CatchUpLedger:
    """Reads and writes what is caught up; ``client`` is a low-level DynamoDB client."""

    client: DynamoDB
    name: str

    def read(self, pipeline: str) -> CatchUpState | None:
        """Return what is caught up of a pipeline; None when nothing ever was."""
        found = list(
            self._table.pages(
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=items.values(pk=PREFIX + pipeline),
                ConsistentRead=True,
            )
        )
        return _state_from(found[0]) if found else None

    def write(self, state: CatchUpState, *, listed: bool = True) -> CatchUpState | None:
        """Write a state that was read, and return it as it is now; None when another invocation has changed
        it meanwhile. The sweep finds it while it is open and ``listed``.
        """
        in_index = state.is_open and listed
        given: dict[str, str | int] = {
            "pipeline": state.pipeline,
            "definition": json.dumps(dict(state.definition), sort_keys=True),
            "created_at": state.seen_at,
            "covered": json.dumps({name: _ranges(one) for name, one in state.covered.items()}),
            "runs": json.dumps(state.runs),
            "revision": state.revision + 1,
            **({"unfinished": UNFINISHED} if in_index else {}),
        }
        changes = ", ".join(f"#{name} = :{name}" for name in given)
        done = self._table.update(
            items.values_of(pk=PREFIX + state.pipeline, sk=CATCH_UP),
            f"SET {changes}{'' if in_index else ' REMOVE #unfinished'}",
            "#revision = :read" if state.revision else "attribute_not_exists(pk)",
            items.names("unfinished", *given),
            items.values(**given, **({"read": state.revision} if state.revision else {})),
        )
        return replace(state, revision=state.revision + 1) if done else None

    def open(self) -> Iterator[str]:
        """Yield the pipelines with open times."""
        for item in self._table.pages(
            IndexName=UNFINISHED_INDEX,
            KeyConditionExpression="unfinished = :open",
            ExpressionAttributeValues=items.values(open=UNFINISHED),
        ):
            yield item["pk"]["S"].removeprefix(PREFIX)

    def live(self, run_ids: Sequence[str]) -> dict[str, bool]:
        """Return, of those runs that there are, whether each is running or waits."""
        keys = [items.run_key(run_id) for run_id in dict.fromkeys(run_ids)]
        found = read_items(
            self.client,
            self.name,
            keys,
            ProjectionExpression="pk, #state",
            ExpressionAttributeNames=items.names("state"),
        )
        return {
            item["pk"]["S"].removeprefix(items.RUN_PREFIX): not RunState(item["state"]["S"]).has_ended
            for item in found
        }

    @property
    def _table(self) -> Table:
        return Table(self.client, self.name)


def _ranges(covered: Covered) -> list[list[str]]:
    """Return what is covered, and then the open ranges."""
    ranges = [(covered.since, covered.until), *covered.open]
    return [[begin.isoformat(), end.isoformat()] for begin, end in ranges]


def _state_from(item: Item) -> CatchUpState:
    return CatchUpState(
        pipeline=item["pipeline"]["S"],
        definition=json.loads(item["definition"]["S"]),
        seen_at=item["created_at"]["S"],
        covered={name: _covered(ranges) for name, ranges in json.loads(item["covered"]["S"]).items()},
        runs=tuple(json.loads(item["runs"]["S"])),
        revision=int(item["revision"]["N"]),
    )


def _covered(ranges: Sequence[Sequence[str]]) -> Covered:
    (since, until), *left = (
        (datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in ranges
    )
    return Covered(since, until, tuple(left))
