"""The files of a test as a set: whole, or with what it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from sluice import keys
from sluice.items.manifest import write_manifest
from sluice.pipeline.definition import FileSet, Pipeline
from sluice.pipeline.file_sets import patterns_of, rules_of, sets_of
from sluice.pipeline.trigger_names import set_name
from sluice.run.job_names import run_id
from sluice.testing.errors import HarnessError
from sluice.testing.memory.buckets import Buckets
from sluice.testing.memory.clients import INBOX, SETTINGS
from sluice.triggers.file_patterns import Unmatched
from sluice.triggers.set_rules import Missing, SetRules, partition_json
from sluice.triggers.trigger_event import S3Object, UploadSet


def set_trigger(pipeline: Pipeline, names: Sequence[str]) -> FileSet | None:
    """Return the set that takes files of these names, None where there is none."""
    return next((one for one in sets_of(pipeline) if all(_takes(one, name) for name in names)), None)


def taken(pipeline: Pipeline) -> Iterator[str]:
    """Yield the patterns of the files that sets of a pipeline take."""
    yield from (pattern.text for found in sets_of(pipeline) for pattern in patterns_of(found))


def set_of(
    pipeline: Pipeline, buckets: Buckets, trigger: FileSet, stored: Sequence[S3Object]
) -> tuple[str, UploadSet]:
    """Return the id of the run of a set of these files, and what starts it: a set that lacks files is one
    that was late.
    """
    rules, name = rules_of(trigger), set_name(trigger)
    members = sorted((file for file in stored if not rules.is_marker(file.key)), key=lambda file: file.key)
    if not members:
        raise HarnessError(f"Expected a file of {rules.pattern}, found the marker alone.")
    partition = _partition(rules, stored)
    identity = UploadSet.identity_of(f"{partition_json(partition)}#0")
    started = run_id(pipeline.name, name, identity)
    manifest = keys.uploads(started)
    write_manifest(buckets, SETTINGS.work_bucket, manifest, [asdict(file) for file in members])
    missing = Missing(0) if rules.marker else rules.missing_of(file.key for file in members)
    return started, UploadSet(
        bucket=INBOX,
        prefix=rules.pattern,
        suffix="",
        group=identity["group"],
        files=len(members),
        work_bucket=SETTINGS.work_bucket,
        manifest=manifest,
        partition=partition,
        missing=missing.names,
        missing_count=missing.count,
    )


def _takes(trigger: FileSet, name: str) -> bool:
    return not isinstance(rules_of(trigger).partition_of(name), Unmatched)


def _partition(rules: SetRules, stored: Sequence[S3Object]) -> dict[str, str]:
    found = {
        partition_json(one): one for file in stored if isinstance(one := rules.partition_of(file.key), dict)
    }
    if len(found) != 1:
        raise HarnessError(
            f"Expected the files of one set of {rules.pattern}, found those of"
            f" {', '.join(sorted(found))}. Run each."
        )
    return next(iter(found.values()))
