"""Checks how often the objects of upload triggers are reconciled, and the name of the pipeline whose runs do
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sluice.duration import seconds_of
from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.validation.fields import listed

ON_REQUEST = "on-request"
_FOLDER = re.compile(r"s3://[^/]+/([^*\\]+)/")
_DATED = re.compile(r"/\d{4}-\d\d-\d\dT\d\d-\d\dZ/$")
MAX_NAME = 31
"""The name of a pipeline has 40 characters, and that of its backfill ends with ``-backfill``."""
_MIN_SECONDS, _MAX_SECONDS = 3_600, 180 * 86_400
"""The ledger remembers a run for a year: what is found has to be younger by far."""


def backfill_name(pipeline: str) -> str:
    """Return the name of the pipeline whose runs backfill another one."""
    return f"{pipeline}-backfill"


def has_backfill_job(pipeline: Pipeline) -> bool:
    """Return whether a pipeline can be backfilled by a job."""
    return any(isinstance(one, S3Upload) and one.reconcile is not None for one in listed(pipeline.triggers))


def check_backfill_names(pipelines: Mapping[str, Pipeline]) -> Iterator[Mistake]:
    """Yield the pipelines of a project with a name that the backfill of another one has; ``pipelines`` by
    their files.
    """
    reconciled = [str(one.name) for one in pipelines.values() if has_backfill_job(one)]
    taken = {backfill_name(name): name for name in reconciled}
    for source, pipeline in pipelines.items():
        if isinstance(pipeline.name, str) and pipeline.name in taken:
            yield Mistake(
                source,
                f"another name than that of the runs that reconcile {taken[pipeline.name]}",
                repr(pipeline.name),
                "Rename one of the two.",
            )


def check_reconciles(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with ``reconcile`` and ``inventory``; values of a wrong type are reported with the
    other fields.
    """
    yield from _check_inventories(pipeline)
    found = [
        (f"triggers[{number}].reconcile", trigger)
        for number, trigger in enumerate(listed(pipeline.triggers))
        if isinstance(trigger, S3Upload) and isinstance(trigger.reconcile, str)
    ]
    for where, upload in found:
        yield from _check(where, upload)
    if found and isinstance(pipeline.name, str) and len(pipeline.name) > MAX_NAME:
        yield Mistake(
            found[0][0],
            f"a pipeline with a name of at most {MAX_NAME} characters",
            f"{len(pipeline.name)} characters",
            f"Shorten the name: the runs that reconcile it are those of {backfill_name(pipeline.name)}.",
        )


def _check_inventories(pipeline: Pipeline) -> Iterator[Mistake]:
    for number, trigger in enumerate(listed(pipeline.triggers)):
        if not (isinstance(trigger, S3Upload) and isinstance(trigger.inventory, str)):
            continue
        where = f"triggers[{number}].inventory"
        if trigger.reconcile is None:
            yield Mistake(
                where,
                "reconcile= beside it, which deploys the job that reads reports",
                "none",
                f"Write reconcile={ON_REQUEST!r}, or an interval such as '7d'.",
            )
        if dated := _DATED.search(trigger.inventory):
            yield Mistake(
                where,
                "the folder of all reports, which has their files too",
                f"that of one report, {dated[0].strip('/')}",
                f'Write inventory="{trigger.inventory[: dated.start()]}/".',
            )
        elif not _is_of_bucket(trigger.inventory, trigger.bucket):
            yield Mistake(
                where,
                f"a folder of reports of the bucket {trigger.bucket}",
                repr(trigger.inventory),
                f'Write inventory="s3://destination/prefix/{trigger.bucket}/configuration/".',
            )


def _is_of_bucket(folder: str, bucket: str | None) -> bool:
    """Return whether the reports of a folder are of a bucket, as far as it is known: not of the inbox, whose
    name a deploy gives, nor of what is no folder.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
    """
    found = _FOLDER.fullmatch(folder)
    return bucket is None or found is None or found[1].split("/")[-2:-1] == [bucket]


def _check(where: str, upload: S3Upload) -> Iterator[Mistake]:
    interval = str(upload.reconcile)
    seconds = seconds_of(interval)
    if interval != ON_REQUEST and not (seconds and _MIN_SECONDS <= seconds <= _MAX_SECONDS):
        yield Mistake(
            where,
            f"a time from 1h to 180d, such as 7d, or {ON_REQUEST!r}",
            repr(interval),
            "Write days, hours or minutes: 7d, 12h, 1d12h.",
        )
    if upload.account is not None:
        yield Mistake(
            where,
            "a bucket of the account that Sluice is in",
            f"account={upload.account!r}",
            "Drop reconcile=, and call `sluice backfill` with credentials that may list that bucket.",
        )
