"""Starts what the words of `sluice run` say: an upload for each file, or a request, with files or without."""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli.cloud import Cloud
from cli.commands.run.progress import upload_bars
from cli.console import print_note
from cli.errors import UsageError
from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.operate.start.groups import (
    StoredFile,
    find_groups,
    of_gathering_triggers,
    open_groups,
    seconds_until_closed,
)
from sluice.operate.start.request_files import belong_to_request, check_size, request_keys, with_uploads
from sluice.operate.start.requests import check_overrides, request_run
from sluice.operate.start.upload_triggers import TriggerFile, match_triggers, run_id_of
from sluice.operate.start.uploads import upload_files
from sluice.pipeline.definition import Pipeline
from sluice.triggers.trigger_event import S3Object
from stacks.configuration import variable

Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Started:
    """Runs that begin, at the latest ``within`` seconds from now."""

    run_ids: list[str]
    within: float = 0.0


def start(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline, sleep: Sleep = time.sleep) -> Started:
    """Start runs; raises UsageError for words that do not go together, RequestError for files or an input
    that the pipeline does not take.
    """
    if pipeline.only_with:
        print_note(
            f"{pipeline.name} runs where it was deployed with {variable(pipeline.only_with)}=true; elsewhere"
            " nothing begins"
        )
    if not given.files and given.prefix is not None:
        raise UsageError("Expected files beside --prefix, found none.")
    if not given.files or belong_to_request(pipeline, given.files, given.prefix):
        return Started([_request(given, cloud, pipeline)])
    if any(one is not None for one in (given.input, given.token, given.overrides)):
        raise UsageError(
            "Expected files, or --input, --overrides and --token, found both: a file is the input of the run"
            " that it starts."
        )
    return _upload(cloud, pipeline, match_triggers(pipeline, given.files, given.prefix), sleep)


def _request(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline) -> str:
    """Request a run, with the files as its uploads; what is wrong is refused before any is uploaded."""
    if given.overrides is not None:
        check_overrides(pipeline, given.overrides, cloud.deployment.queues)
    token, run_input = given.token or str(uuid.uuid4()), given.input
    if given.files:
        keys = request_keys(pipeline.name, token, given.files)
        check_size(run_input, cloud.deployment.inbox, keys)
        stored = _store(cloud, list(zip(given.files, keys, strict=True)))
        run_input = with_uploads(run_input, stored)
    return request_run(cloud.client("events"), pipeline, token, run_input, given.overrides)


def _upload(cloud: Cloud, pipeline: Pipeline, files: Sequence[TriggerFile], sleep: Sleep) -> Started:
    """Upload files for upload triggers; a file starts a run of its own, or is one of a group that does."""
    objects = _store(cloud, [(file.path, file.key) for file in files])
    stored = list(zip(files, objects, strict=True))
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


def _store(cloud: Cloud, files: Sequence[tuple[Path, str]]) -> list[S3Object]:
    with upload_bars() as bar:
        return upload_files(cloud.client("s3"), cloud.deployment.inbox, files, bar)
