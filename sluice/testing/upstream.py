"""The results of runs before this one in a chain, as a test gives them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sluice import keys
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.trigger_names import after_name
from sluice.pipeline.validation.chains import after_runs
from sluice.receipts.receipt import VERSION, PublishedFile, encoded
from sluice.run.job_names import run_id
from sluice.testing.errors import HarnessError
from sluice.testing.inputs import Files, Start
from sluice.testing.memory.buckets import Buckets
from sluice.testing.memory.clients import SETTINGS
from sluice.triggers.upstream_runs import UpstreamRun, UpstreamRuns


def start_after(
    pipeline: Pipeline, buckets: Buckets, upstream: Mapping[str, Files], key: Mapping[str, str]
) -> Start:
    """Publish the results of a run of each of these pipelines, with receipts, and return what starts the run.

    Raises HarnessError where no AfterRun of the pipeline is after these.
    """
    trigger = next(
        (one for one in after_runs(pipeline) if _is_after(one.pipelines, one.joins, upstream)), None
    )
    if trigger is None:
        wanted = (
            " or ".join(", ".join(one.pipelines) for one in after_runs(pipeline)) or "there is no AfterRun"
        )
        raise HarnessError(
            f"Expected results of what {pipeline.name} comes after ({wanted}), found those of"
            f" {', '.join(upstream)}."
        )
    names = [name for name in trigger.pipelines if name in upstream]
    runs = tuple(_published(buckets, name, upstream[name]) for name in names)
    event = UpstreamRuns(runs=runs, partition=dict(key))
    return Start(run_id(pipeline.name, after_name(trigger), event.identity()), event)


def _is_after(names: tuple[str, ...], joins: bool, upstream: Mapping[str, Files]) -> bool:
    return set(upstream) == set(names) if joins else len(upstream) == 1 and set(upstream) <= set(names)


def _published(buckets: Buckets, pipeline: str, files: Files) -> UpstreamRun:
    run = run_id(pipeline, "test", {})
    prefix = keys.result(pipeline, run, "")
    listed = [_put(buckets, prefix, name, content) for name, content in sorted(files.items())]
    facts: dict[str, Any] = {"receipt": VERSION, "run": run, "version": 0, "pipeline": pipeline}
    text = "".join(encoded(facts, listed)).encode()
    buckets.put_object(Bucket=SETTINGS.results_bucket, Key=prefix + keys.RECEIPT, Body=text)
    return UpstreamRun(pipeline=pipeline, run=run, version=0, bucket="", prefix=prefix)


def _put(buckets: Buckets, prefix: str, name: str, content: bytes | str) -> PublishedFile:
    body = content.encode() if isinstance(content, str) else bytes(content)
    stored = buckets.put_object(Bucket=SETTINGS.results_bucket, Key=prefix + name, Body=body)
    return PublishedFile(name, len(body), hashlib.sha256(body).hexdigest(), stored["ETag"].strip('"'))
