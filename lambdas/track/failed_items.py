"""Publishes the failed items of a run that fails as one file of its results; a run that succeeds all the same
has its cleanup do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.consuming import logger
from sluice import keys
from sluice.aws.clients import client
from sluice.errors import MalformedMessageError
from sluice.items.failed_items import current_parts, each_once
from sluice.items.object_store import list_keys
from sluice.ledger.ledger import Assignment
from sluice.receipts.location import location_of
from sluice.run.failures.words import newest_words

MAX_PARTS = 1_000
"""Of each step; read one after the other they take some ten seconds. `sluice retry` works on all."""
MAX_BYTES = 64 * 1024 * 1024
"""Of the file: the function holds it twice, in half a gibibyte."""


def publish_failed_items(run_id: str, run: Assignment, work: str, results: str) -> None:
    """Write the file where the run publishes; ``results`` is Sluice's own bucket. A run that has failed has
    failed with or without it.

    That of an earlier end may be there: where nothing of it holds any more it is empty.
    """
    pipeline = run.pipeline
    try:
        body, has_any = bytearray(), False
        for step in [step.name for step in pipeline.steps if step.continues]:
            parts = list(list_keys(client("s3"), work, keys.failed_items_prefix(run_id, step)))
            has_any = has_any or bool(parts)
            if not _add(body, _lines(run_id, step, work, parts)):
                logger.warning("Not all failed items are published.", run=run_id, step=step, bytes=len(body))
                break
        if has_any:
            _publish(run_id, run, results, bytes(body))
    except (ClientError, BotoCoreError, MalformedMessageError, ValueError, KeyError, TypeError) as error:
        logger.warning("The failed items could not be published.", run=run_id, error=str(error))


def _publish(run_id: str, run: Assignment, results: str, body: bytes) -> None:
    """Write the file; into Sluice's own bucket where that of the pipeline refuses it."""
    place = location_of(
        run.pipeline.results,
        pipeline=run.pipeline.name,
        run_id=run_id,
        trigger=run.trigger,
        began=run.began,
        default_bucket=results,
    )
    try:
        _put(place.bucket, f"{place.prefix}{keys.FAILED_ITEMS}", run_id, body)
    except ClientError as error:
        if place.bucket == results:
            raise
        logger.warning(
            "The failed items are in the results bucket: theirs refuses them.",
            run=run_id,
            bucket=place.bucket,
            error=str(error),
        )
        _put(results, keys.result(run.pipeline.name, run_id, keys.FAILED_ITEMS), run_id, body)


def _put(bucket: str, key: str, run_id: str, body: bytes) -> None:
    """Write the file with its run: in a folder that runs share it is no result of another one."""
    client("s3").put_object(Bucket=bucket, Key=key, Body=body, Metadata={keys.RUN_METADATA: run_id})


def _add(body: bytearray, lines: Iterator[bytes]) -> bool:
    """Add lines to a file; False where they are too many."""
    for line in lines:
        if len(body) + len(line) > MAX_BYTES:
            return False
        body += line
    return True


def _lines(run_id: str, step: str, work: str, parts: Sequence[str]) -> Iterator[bytes]:
    s3 = client("s3")
    if not parts:
        return
    words = newest_words(list_keys(s3, work, keys.all_words_prefix(run_id, step)))
    current = current_parts(parts, {child: (word.generation, word.failed) for child, word in words.items()})
    if len(current) > MAX_PARTS:
        logger.warning("Not all failed items are published.", run=run_id, step=step, parts=len(current))
    # One after the other: the Lambdas' client has one connection, and no locks.
    bodies = (s3.get_object(Bucket=work, Key=key)["Body"].read() for key in current[:MAX_PARTS])
    yield from (one.to_line_of(step, run_id).encode() for one in each_once(bodies) if not one.upstream)
