"""Starts what the words of `sluice run` say: an upload for each file, or a request, with files or without."""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cli.cloud import Cloud
from cli.commands.again.rerun import restarter_of
from cli.commands.pause import pauses_of
from cli.commands.run.progress import upload_bars
from cli.commands.run.set_uploads import follow_sets
from cli.console import print_note
from cli.errors import UsageError
from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.operate.errors import RunRemovedError
from sluice.operate.pausing import check_not_paused
from sluice.operate.start.given_items import for_plans, read_items
from sluice.operate.start.groups import (
    StoredFile,
    find_groups,
    of_gathering_triggers,
    open_groups,
    seconds_until_closed,
)
from sluice.operate.start.request_files import belong_to_request, check_size, request_keys, with_uploads
from sluice.operate.start.requests import check_overrides, request_run
from sluice.operate.start.set_files import SetFile, check_fit, files_of_sets
from sluice.operate.start.upload_triggers import TriggerFile, match_triggers, run_id_of
from sluice.operate.start.uploads import upload_files
from sluice.pipeline.definition import Pipeline
from sluice.triggers.trigger_event import S3Object
from stacks.configuration import variable

Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Started:
    """Runs that begin, at the latest ``within`` seconds from now; and those that ``may_begin`` some day, when
    their sets of files are whole.
    """

    run_ids: list[str]
    within: float = 0.0
    may_begin: tuple[str, ...] = ()


def start(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline, sleep: Sleep = time.sleep) -> Started:
    """Start runs; raises UsageError for words that do not go together, RequestError for files or an input
    that the pipeline does not take.
    """
    if pipeline.only_with:
        print_note(
            f"{pipeline.name} runs where it was deployed with {variable(pipeline.only_with)}=true; elsewhere"
            " nothing begins"
        )
    _check_pause(given, cloud, pipeline)
    if given.items is not None:
        return Started([_start_items(given, cloud, pipeline)])
    if not given.files and given.prefix is not None:
        raise UsageError("Expected files beside --prefix, found none.")
    if _asks(given, pipeline):
        return Started([_request(given, cloud, pipeline)])
    if any(one is not None for one in (given.input, given.token, given.overrides)):
        raise UsageError(
            "Expected files, or --input, --overrides and --token, found both: a file is the input of the run"
            " that it starts."
        )
    files, of_sets = _matched(given, pipeline)
    return _upload(cloud, pipeline, files, of_sets, sleep)


def _matched(given: argparse.Namespace, pipeline: Pipeline) -> tuple[list[TriggerFile], list[SetFile]]:
    """Return the files of upload triggers, and those of sets."""
    of_sets, others = files_of_sets(pipeline, given.files, given.prefix)
    check_fit(pipeline, others)
    return (match_triggers(pipeline, others, given.prefix) if others else []), of_sets


def _check_pause(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline) -> None:
    """Raise RequestError for a paused pipeline, unless a request is to start it anyway."""
    if not given.anyway:
        check_not_paused(pauses_of(cloud), pipeline.name)
    elif given.items is not None or not _asks(given, pipeline):
        raise UsageError(
            "Expected --anyway beside a request, found files for an upload trigger, or items: they are kept"
            " while the pipeline is paused."
        )


def _asks(given: argparse.Namespace, pipeline: Pipeline) -> bool:
    """Return whether what is given is a request."""
    if not given.files:
        return True
    of_sets, _ = files_of_sets(pipeline, given.files, given.prefix)
    return not of_sets and belong_to_request(pipeline, given.files, given.prefix)


def _start_items(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline) -> str:
    """Request a run on the items of a file."""
    if given.files or given.prefix is not None or given.overrides is not None:
        raise UsageError("Expected --items without files, --prefix and --overrides, found them together.")
    restarter = restarter_of(cloud)
    items = for_plans(restarter.definitions.load(pipeline.name), read_items(given.items))
    run = cloud.ledger.load(items.run) if items.run is not None else None
    if items.run is not None and run is None:
        raise RunRemovedError(items.run)
    if run is not None and given.input is not None:
        raise UsageError(f"Expected no --input, because the trigger is that of {items.run}, found one.")
    return restarter.start_items(pipeline.name, items, run, given.token or str(uuid.uuid4()), given.input)


def _request(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline) -> str:
    """Request a run, with the files as its uploads; what is wrong is refused before any is uploaded."""
    if given.overrides is not None:
        check_overrides(pipeline, given.overrides, cloud.deployment.queues)
    token, run_input = given.token or str(uuid.uuid4()), given.input
    if given.files:
        keys = request_keys(pipeline.name, token, given.files)
        check_size(run_input, cloud.deployment.inbox, keys)
        stored = _store(cloud, list(zip(given.files, keys, strict=True)), cloud.deployment.inbox)
        run_input = with_uploads(run_input, stored)
    prefix = cloud.deployment.prefix
    return request_run(
        cloud.client("events"), pipeline, token, run_input, given.overrides, prefix, anyway=given.anyway
    )


def _upload(
    cloud: Cloud, pipeline: Pipeline, files: Sequence[TriggerFile], of_sets: Sequence[SetFile], sleep: Sleep
) -> Started:
    """Upload files for upload triggers and sets; a file starts a run of its own, or is one of a group or of a
    set that does.
    """
    stored = _store_of_triggers(cloud, files)
    places = [(file.path, file.key) for file in of_sets]
    members = list(zip(of_sets, _store(cloud, places, cloud.deployment.inbox), strict=True))
    started = _started(cloud, pipeline, stored, sleep)
    sets = follow_sets(cloud, pipeline.name, members, sleep)
    return replace(
        started,
        run_ids=[*started.run_ids, *(one.run_id for one in sets if one.begins)],
        may_begin=tuple(one.run_id for one in sets if not (one.begins or one.late)),
    )


def _started(cloud: Cloud, pipeline: Pipeline, stored: Sequence[StoredFile], sleep: Sleep) -> Started:
    """Return what files of upload triggers start."""
    single = [run_id_of(pipeline.name, file.upload, one) for file, one in stored if not file.upload.gathers]
    groups = _groups(cloud, pipeline, of_gathering_triggers(stored), sleep)
    now = datetime.now(UTC)
    for group in open_groups(groups, now):
        print_note(
            f"{group.run_id} begins when its group closes: in {group.seconds:.0f} s, or when it has"
            f" {group.max_files:,} files; it has {group.files:,}"
        )
    return Started([*single, *(group.run_id for group in groups)], seconds_until_closed(groups, now))


def _groups(cloud: Cloud, pipeline: Pipeline, stored: Sequence[StoredFile], sleep: Sleep) -> list[Group]:
    if stored:
        print_note("waiting until the group Lambda has the files")
    ledger = GroupLedger(cloud.client("dynamodb"), cloud.deployment.table)
    return find_groups(ledger, pipeline.name, stored, sleep)


def _store_of_triggers(cloud: Cloud, files: Sequence[TriggerFile]) -> list[StoredFile]:
    """Upload each file to the bucket of its trigger."""
    buckets = dict.fromkeys(file.upload.bucket for file in files)
    stored: list[StoredFile] = []
    for bucket in buckets:
        own = [file for file in files if file.upload.bucket == bucket]
        places = [(file.path, file.key) for file in own]
        stored += zip(own, _store(cloud, places, bucket or cloud.deployment.inbox), strict=True)
    return stored


def _store(cloud: Cloud, files: Sequence[tuple[Path, str]], bucket: str) -> list[S3Object]:
    with upload_bars() as bar:
        return upload_files(cloud.client("s3"), bucket, files, bar)
