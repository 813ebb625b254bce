"""The keys of the inbox that the triggers of pipelines take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.file_sets import patterns_of, sets_of
from sluice.triggers.upload_patterns import TakenKeys


def taken_keys(pipelines: Iterable[Pipeline]) -> tuple[TakenKeys, ...]:
    """Return what the triggers of these pipelines take of the inbox. A key that is none of a set's is
    recorded as one by its set, and counts as taken.
    """
    return tuple(found for pipeline in pipelines for found in _of_pipeline(pipeline))


def _of_pipeline(pipeline: Pipeline) -> Iterator[TakenKeys]:
    for trigger in pipeline.triggers:
        if isinstance(trigger, S3Upload) and trigger.bucket is None:
            yield TakenKeys(pipeline=pipeline.name, prefix=trigger.prefix, suffixes=trigger.suffixes)
    for one in (pattern for found in sets_of(pipeline) for pattern in patterns_of(found)):
        yield TakenKeys(pipeline=pipeline.name, prefix=one.prefix, suffixes=(one.suffix,))
