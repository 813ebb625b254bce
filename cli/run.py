"""`sluice run NAME`: uploads files or sends a request, and follows the runs that begin."""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from cli.cloud import Cloud, cloud_of
from cli.console import console_of, note, say, say_json
from cli.failures import FAILED, CommandError, UsageError
from cli.gathered import gathering, groups_of, seconds_left
from cli.graph import named
from cli.options import command
from cli.requesting import check_size, go_with_request, keys_of, with_uploads
from cli.run_view import Runs, RunView
from cli.show import SECONDS_BETWEEN_LOOKS
from cli.starting import Sending, check_overrides, request, run_of, send, sendings
from cli.watch import watch
from local.paths import REPOSITORY
from sluice.grouping.ledger import GroupLedger
from sluice.pipeline.definition import Pipeline
from sluice.run.state import RunState
from sluice.triggers.trigger_event import S3Object
from stacks.configuration import variable

if TYPE_CHECKING:
    from cli.options import Commands

BEGINS_WITHIN_SECONDS = 120.0
"""From the event to the first line in the ledger: two queues and a cold start, with room."""
_SIDE_BY_SIDE = 8


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Uploads files for a pipeline, or asks for a run, and follows what begins. The exit code is 1 when a"
        " run has not succeeded."
    )
    parser = command(commands, "run", "start a pipeline and follow it", text)
    parser.add_argument("name", metavar="NAME", help="a pipeline of this repository, as it was deployed")
    about = (
        "files to upload: each starts a run, or a group of them does, or they go with a request, as the"
        " pipeline's triggers say"
    )
    parser.add_argument("files", metavar="FILE", nargs="*", type=Path, help=about)
    parser.add_argument(
        "--input",
        metavar="JSON",
        type=_json,
        help="the input of the run, for a pipeline with a Manual trigger",
    )
    parser.add_argument(
        "--overrides",
        metavar="JSON",
        type=_json,
        help="what steps of this run are to have otherwise, by their names",
    )
    parser.add_argument(
        "--token",
        metavar="TEXT",
        help="the same token is the same run, however often it is asked for; default: a new one",
    )
    parser.add_argument(
        "--prefix", metavar="PREFIX", help="the upload trigger to start, when several take the files"
    )
    parser.add_argument("--detach", action="store_true", help="print the ids of the runs and return at once")
    parser.set_defaults(run=lambda given: run(given, cloud_of(), REPOSITORY))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected JSON, found {text[:100]!r}: {error}") from error


@dataclass(frozen=True)
class Started:
    """Runs that begin, at the latest ``within`` seconds from now."""

    run_ids: list[str]
    within: float = 0.0


def run(
    given: argparse.Namespace, cloud: Cloud, root: Path, *, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Start runs and follow them to their ends; return 1 when one has not succeeded."""
    started = _started(given, cloud, named(given.name, root), sleep)
    if given.detach:
        if given.json:
            say_json(started.run_ids)
        else:
            for run_id in started.run_ids:
                say(run_id)
        return 0
    views = _followed(
        Runs(cloud.ledger, cloud.client("batch")), started, None if given.json else console_of(), sleep
    )
    if given.json:
        say_json([asdict(view) for view in views])
    return 0 if all(view.state is RunState.SUCCEEDED for view in views) else FAILED


def _started(
    given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline, sleep: Callable[[float], None]
) -> Started:
    if pipeline.only_with:
        note(
            f"{pipeline.name} runs where it was deployed with {variable(pipeline.only_with)}=true; elsewhere"
            " nothing begins"
        )
    if not given.files and given.prefix is not None:
        raise UsageError("Expected files beside --prefix, found none.")
    if not given.files or go_with_request(pipeline, given.files, given.prefix):
        return Started([_requested(given, cloud, pipeline)])
    if any(one is not None for one in (given.input, given.token, given.overrides)):
        raise UsageError(
            "Expected files, or --input, --overrides and --token, found both: a file is the input of the run"
            " that it starts."
        )
    return _dropped(cloud, pipeline, sendings(pipeline, given.files, given.prefix), sleep)


def _requested(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline) -> str:
    """Ask for a run, with the files that there are as its uploads; what is wrong is said before any is
    uploaded.
    """
    if given.overrides is not None:
        check_overrides(pipeline, given.overrides, cloud.queues)
    token, asked = given.token or str(uuid.uuid4()), given.input
    if given.files:
        keys = keys_of(pipeline.name, token, given.files)
        check_size(asked, cloud.inbox, keys)
        asked = with_uploads(asked, _uploaded(cloud, list(zip(given.files, keys, strict=True))))
    return request(cloud.client("events"), pipeline, token, asked, given.overrides)


def _dropped(
    cloud: Cloud, pipeline: Pipeline, given: Sequence[Sending], sleep: Callable[[float], None]
) -> Started:
    """Upload files for upload triggers; a file starts a run of its own, or is one of a group that does."""
    files = _uploaded(cloud, [(one.path, one.key) for one in given])
    sent = list(zip(given, files, strict=True))
    alone = [run_of(pipeline.name, one.upload, file) for one, file in sent if not one.upload.gathers]
    groups = groups_of(
        GroupLedger(cloud.client("dynamodb"), cloud.table), pipeline.name, gathering(sent), sleep
    )
    return Started([*alone, *(group.run_id for group in groups)], seconds_left(groups))


def _uploaded(cloud: Cloud, given: Sequence[tuple[Path, str]]) -> list[S3Object]:
    """Upload files, several side by side: a burst of small ones is to be in one group."""
    s3, bucket = cloud.client("s3"), cloud.inbox
    with _bars() as bar, ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        return list(threads.map(lambda one: send(s3, bucket, one[0], one[1], bar(one[0])), given))


@contextmanager
def _bars() -> Iterator[Callable[[Path], Callable[[int], None]]]:
    """Yield what makes a progress bar for a file; beside the result, and only on a terminal."""
    if not sys.stderr.isatty():
        yield lambda path: lambda count: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def bar(path: Path) -> Callable[[int], None]:
            task = progress.add_task(path.name, total=path.stat().st_size)
            return lambda count: progress.advance(task, count)

        yield bar


def _followed(
    runs: Runs, started: Started, console: Console | None, sleep: Callable[[float], None]
) -> list[RunView]:
    """Return the runs as they ended; without a console nothing is shown meanwhile."""
    run_ids, within = started.run_ids, started.within + BEGINS_WITHIN_SECONDS
    begins_until = time.monotonic() + within

    def look() -> list[RunView]:
        views = runs.look(run_ids)
        if len(views) < len(run_ids) and time.monotonic() > begins_until:
            missing = sorted(set(run_ids) - {view.run_id for view in views})
            raise CommandError(
                f"Expected {', '.join(missing)} to begin within {within:.0f} s, found nothing in the ledger."
                " Is what is deployed what this repository has? Look into the trigger's dead-letter queue"
                " and log."
            )
        return views

    note(f"following {', '.join(run_ids)}; Ctrl-C stops following, not the run")
    quiet = Console(quiet=True)
    return watch(
        look,
        console or quiet,
        runs=len(run_ids),
        seconds=float("inf"),
        sleep=lambda _: sleep(SECONDS_BETWEEN_LOOKS),
    )
