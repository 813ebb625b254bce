"""Which results of several pipelines belong together: the newest of each with one partition key.

``pk = CHAIN#<pipeline>#<digest of trigger and key>``, ``sk`` is the name of a pipeline before it. A run that
has ended is written before the others are read, so of two that end at the same time one at least sees both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from sluice.aws.table import DynamoDB, Item, Table
from sluice.ledger import records as items
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.triggers.upstream_runs import UpstreamRun

CHAIN = "CHAIN#"


class ChainLedger:
    """Reads and writes the rows of joins; ``client`` is a low-level DynamoDB client."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    def record(self, partition: str, upstream: UpstreamRun, ended_at: str) -> bool:
        """Make a run the newest of its pipeline; return False when a run that ended later is recorded."""
        return self._table.update(
            items.values_of(pk=partition, sk=upstream.pipeline),
            "SET #run = :run, #version = :version, #found = :found, #ended_at = :ended_at,"
            " #expires_at = :expires_at",
            "attribute_not_exists(pk) OR #ended_at < :ended_at OR (#run = :run AND #version <= :version)",
            items.names("run", "version", "found", "ended_at", "expires_at"),
            items.values(
                run=upstream.run,
                version=upstream.version,
                found=json.dumps(asdict(upstream)),
                ended_at=ended_at,
                expires_at=items.expires_at(ended_at),
            ),
        )

    def followed(self) -> Iterator[str]:
        """Yield the ids of the runs that succeeded, and whose results may not have started what comes after
        them; those that began first come first.
        """
        for item in self._table.pages(
            IndexName=UNFINISHED_INDEX,
            KeyConditionExpression="unfinished = :followed",
            ExpressionAttributeValues=items.values(followed=items.FOLLOWED),
        ):
            yield item["pk"]["S"].removeprefix(items.RUN_PREFIX)

    def forget_followed(self, run_id: str) -> None:
        """Yield this run no more."""
        self._table.update(
            items.run_key(run_id),
            "REMOVE #unfinished",
            "#unfinished = :followed",
            items.names("unfinished"),
            items.values(followed=items.FOLLOWED),
        )

    def newest(self, partition: str) -> dict[str, UpstreamRun]:
        """Return the newest run of each pipeline, by the pipeline's name."""
        found = self._table.pages(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=items.values(pk=partition),
            ConsistentRead=True,
        )
        return {item["sk"]["S"]: _upstream(item) for item in found}


def chain_partition(pipeline: str, trigger: str, key: Mapping[str, str]) -> str:
    """Return the partition key of the rows of a join."""
    identity = json.dumps([trigger, dict(key)], sort_keys=True, separators=(",", ":")).encode()
    return f"{CHAIN}{pipeline}#{hashlib.sha256(identity).hexdigest()[:32]}"


def _upstream(item: Item) -> UpstreamRun:
    return UpstreamRun(**json.loads(item["found"]["S"]))
