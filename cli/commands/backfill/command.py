"""`sluice backfill NAME`: objects that exist already start the runs that their events would have started."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from cli.cloud import Cloud, cloud_of
from cli.commands.backfill.dates import backfill_dates, has_dates
from cli.commands.backfill.in_job import in_job
from cli.commands.backfill.status import print_not_recorded, show_status
from cli.commands.pause import pauses_of
from cli.console import confirmed, print_json, print_line, print_note
from cli.errors import FAILED, UsageError
from cli.options import Commands, command, positive
from cli.project import current_project
from sluice.backfill.asked import Asked
from sluice.backfill.recording import Recording, recorded
from sluice.backfill.records import BackfillRecords
from sluice.backfill.sources import Inventory, Pages, Source, source_of
from sluice.backfill.starters import Starters
from sluice.backfill.starting import Progress, Starter, backfill, survey
from sluice.backfill.target import Target
from sluice.counted import counted
from sluice.limits import MAX_CONCURRENT_RUNS
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.backfill import targets_of
from sluice.operate.pausing import check_not_paused
from sluice.operate.pipelines import find_pipeline
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.triggers.trigger_event import S3Object

_PAGE = 1000
Ask = Callable[[str], bool]


def add_to(commands: Commands) -> None:
    """Add the command to the parser's commands."""
    text = (
        "Lists the objects that the upload triggers of a pipeline take, and has those processed that were"
        " not: a run each, or groups of them. Begin it again after it was interrupted; no object is processed"
        " twice."
    )
    parser = command(commands, "backfill", "process objects that exist already", text)
    about = "a pipeline of the project, as it was deployed"
    parser.add_argument("name", metavar="NAME", nargs="?", help=about)
    about = "only what is there, such as s3://bucket/prefix; default: all that its triggers take"
    parser.add_argument("place", metavar="PLACE", nargs="?", help=about)
    about = "take the objects from a report of S3 Inventory: its manifest.json, or the folder of its reports"
    parser.add_argument("--inventory", metavar="PLACE", help=about)
    parser.add_argument("--since", metavar="TIME", type=_time, help="only objects from this time on (UTC)")
    parser.add_argument("--until", metavar="TIME", type=_time, help="only objects before this time (UTC)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--new-only", action="store_true", help="only what was not processed: the default")
    about = "also what was processed; the same word is the same repetition, and can be begun again"
    which.add_argument("--again", metavar="WORD", type=_word, help=about)
    about = "how many of the runs at a time; default: any number for objects, 1 for the times of a schedule"
    parser.add_argument("--max-concurrency", metavar="N", type=positive, help=about)
    about = "have a job in the account do it, and return at once; for pipelines with reconcile="
    parser.add_argument("--in-job", action="store_true", help=about)
    parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")
    parser.add_argument("--yes", action="store_true", help="begin without asking")
    about = "show backfills under way, missed times of schedules, and the groups that backfills fill"
    parser.add_argument("--status", action="store_true", help=about)
    parser.set_defaults(run=lambda given: run(given, cloud_of(), current_project().root))


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a time such as 2026-01-31, found {text!r}") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _word(text: str) -> str:
    if not (text.isascii() and text.replace("-", "").isalnum() and len(text) <= 40):
        raise argparse.ArgumentTypeError(
            f"expected up to 40 letters, digits and hyphens, found {text[:60]!r}"
        )
    return text


def run(given: argparse.Namespace, cloud: Cloud, root: Path, *, ask: Ask | None = None) -> int:
    """Count the objects, then have them processed; return 1 where a person said no. Of a pipeline that no
    object starts and a schedule does, the scheduled times are run.

    Raises RequestError for what no trigger takes, and for a paused pipeline.
    """
    if given.status:
        _check_alone(given)
        return show_status(given, cloud)
    if given.name is None:
        raise UsageError("Expected NAME, a pipeline of the project, or --status, found neither.")
    return _backfill(given, cloud, find_pipeline(given.name, root), ask or confirmed)


def _backfill(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline, ask: Ask) -> int:
    if not given.dry_run:
        check_not_paused(pauses_of(cloud), pipeline.name)
    if _is_of_times(given, pipeline):
        return backfill_dates(given, cloud, pipeline)
    if given.in_job:
        return in_job(given, cloud, pipeline, _asked(given), ask)
    return _here(given, cloud, _targets(given, cloud, pipeline), ask)


def _here(given: argparse.Namespace, cloud: Cloud, targets: list[Target], ask: Ask) -> int:
    """Do the backfill in this process."""
    source = source_of(cloud.client("s3"), targets, given.inventory, print_note)
    deployment = cloud.deployment
    starters = Starters(
        client=cloud.client,
        table=deployment.table,
        work_bucket=deployment.work,
        trigger_queue=deployment.trigger_queue,
    )
    if given.dry_run:
        done = [_survey(starters.of(target), target, source) for target in source.targets]
        return _show(given, source, done)
    done = []
    for target in source.targets:
        with TemporaryFile("w+", encoding="utf-8") as found:
            count = _collect(source.pages(target), found)
            print_note(f"{counted(count, 'object')} of {' and '.join(target.patterns)}")
            if count and not (given.yes or ask("Have those processed that were not?")):
                print_note("Nothing was changed.")
                return FAILED
            with recorded(
                BackfillRecords(cloud.client("dynamodb"), deployment.table),
                pipeline=target.pipeline,
                about=_about(given, target),
                total=count,
                denied=print_not_recorded,
            ) as recording:
                done.append(_work(starters.of(target), target, source, found, recording))
    return _show(given, source, done)


def _check_alone(given: argparse.Namespace) -> None:
    """Raise UsageError for words that would change something beside ``--status``."""
    beside = ("place", "inventory", "since", "until", "again", "max_concurrency", "in_job", "dry_run", "yes")
    if found := [name for name in (*beside, "new_only") if getattr(given, name)]:
        raise UsageError(
            f"Expected --status alone, or with NAME, found {', '.join(found)} beside it: it changes nothing."
        )


def _is_of_times(given: argparse.Namespace, pipeline: Pipeline) -> bool:
    """Return whether the times of a schedule are meant; raises UsageError for what is about these alone."""
    uploads = any(isinstance(one, S3Upload) for one in pipeline.triggers)
    if has_dates(pipeline) and not uploads:
        if given.place is not None or given.again or given.inventory or given.in_job:
            raise UsageError(
                "Expected --since and --until for the times of a schedule, found PLACE, --inventory, --again"
                " or --in-job."
            )
        return True
    return False


def _targets(given: argparse.Namespace, cloud: Cloud, pipeline: Pipeline) -> list[Target]:
    bucket, key = cloud.deployment.definitions
    definition = DeployedDefinitions(cloud.client("s3"), bucket, key).location_of(pipeline.name)
    return targets_of(pipeline, _asked(given), cloud.deployment.inbox, definition)


def _asked(given: argparse.Namespace) -> Asked:
    if (limit := given.max_concurrency) and limit > MAX_CONCURRENT_RUNS:
        raise UsageError(
            f"Expected --max-concurrency of at most {MAX_CONCURRENT_RUNS} for objects, found {limit}."
        )
    return Asked(
        place=given.place,
        since=given.since,
        until=given.until,
        again=given.again or "",
        max_concurrency=limit,
        dry_run=given.dry_run,
        inventory=given.inventory if given.in_job else None,
    )


def _survey(starter: Starter, target: Target, source: Source) -> Progress:
    pages = source.to_start(target, starter, source.pages(target))
    return _last(survey(starter, target, pages))


def _about(given: argparse.Namespace, target: Target) -> str:
    """Return what a backfill is about, in the words by which it is known when it is begun again."""
    times = [
        f"{word} {time.isoformat()}"
        for word, time in (("since", target.since), ("until", target.until))
        if time
    ]
    again = [f"again {target.again}"] if target.again else []
    report = [f"by the report {given.inventory}"] if given.inventory else []
    return ", ".join([" and ".join(target.patterns), *times, *again, *report])


def _collect(pages: Pages, found: IO[str]) -> int:
    """Write objects into a file, so that they are read once and counted beforehand."""
    count = 0
    for page in pages:
        found.writelines(json.dumps(one.to_item()) + "\n" for one in page)
        count += len(page)
    found.seek(0)
    return count


def _collected(found: IO[str]) -> Iterator[list[S3Object]]:
    page: list[S3Object] = []
    for line in found:
        page.append(S3Object.from_dict(json.loads(line)))
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


def _work(starter: Starter, target: Target, source: Source, found: IO[str], recording: Recording) -> Progress:
    def told(last: Progress) -> Progress:
        recording.moved(last.objects, last.new, source.gone)
        print_note(f"{last.objects:,} looked at, {last.new:,} of them new")
        return last

    pages = source.to_start(target, starter, _collected(found))
    return _last(map(told, backfill(starter, target, pages)))


def _last(progress: Iterator[Progress]) -> Progress:
    return reduce(lambda _, newest: newest, progress, Progress())


def _runs_begin(new: int) -> str:
    if not new:
        return "no run begins"
    return "its run begins" if new == 1 else "their runs begin"


def _show(given: argparse.Namespace, source: Source, done: list[Progress]) -> int:
    objects, new = sum(one.objects for one in done) + source.left_out, sum(one.new for one in done)
    if given.json:
        print_json({"objects": objects, "new": new, "dry_run": given.dry_run, **_of_report(source)})
        return 0
    if not objects:
        taken = " and ".join(pattern for one in source.targets for pattern in one.patterns)
        print_note(f"No object is {taken}: upper and lower case count, and so do --since and --until.")
    names = counted(source.gone, "that the report names is", "that the report names are")
    gone = f" {names} gone." if source.gone else ""
    found = f"{counted(objects, 'object')}, of which {counted(new, 'was', 'were')}"
    if given.dry_run:
        print_line(f"{found} not processed.{gone} Nothing was changed.")
    else:
        print_line(f"{found} new; {_runs_begin(new)}.{gone}")
    return 0


def _of_report(source: Source) -> dict[str, object]:
    return {"gone": source.gone, "report": source.report.place} if isinstance(source, Inventory) else {}
