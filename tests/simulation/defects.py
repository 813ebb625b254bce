"""Defects that are planted into the code that is simulated, to see that the simulation finds each of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from types import ModuleType
from typing import Any

from lambdas.consuming import consume
from sluice import keys
from sluice.advance import claims, job_submission
from sluice.advance.found_jobs import JobFinder
from sluice.aws.retrying import Backoff
from sluice.backfill import reconciling
from sluice.backfill.job import BackfillJob
from sluice.backfill.starting import SingleStarter
from sluice.backfill.target import Target
from sluice.catch_up.covered import Covered
from sluice.grouping import gathering
from sluice.grouping import ledger as group_ledger
from sluice.grouping.gathering import Gatherer
from sluice.items.manifest import slice_bounds
from sluice.ledger.chains import ChainLedger
from sluice.ledger.ledger import Ledger
from sluice.ledger.pauses import Pauses
from sluice.ordering import run_queue
from sluice.run import child_ranges, dependencies, evaluation, submit_request
from sluice.run.compiled import Kind
from sluice.runtime import registration
from sluice.runtime.kinds import work
from sluice.runtime.stored import complete
from sluice.runtime.stored.result_parts import Parts, part_keys, result_parts
from sluice.runtime.supervisor import supervising
from sluice.runtime.worker import ends
from sluice.sets import gathering as set_gathering
from sluice.sets.file_set import FileSet
from sluice.sets.gathering import SetGatherer
from sluice.sets.wholeness import contents_of
from sluice.triggers.set_rules import Missing
from sluice.triggers.trigger_event import S3Object
from sluice.triggers.upload_patterns import AGAIN_MARK
from sluice.triggers.upstream_runs import UpstreamRuns
from tests.matrix.installed import handlers, now
from tests.simulation.simulation import base

Change = tuple[Any, str, Any]
"""An attribute of a module (or of its dictionary) or of a class, and what it is instead."""


@contextmanager
def planted(defect: str) -> Iterator[None]:
    """Have a defect in this process for a while."""
    changes = DEFECTS[defect]()
    before = [(owner, name, _attributes(owner)[name]) for owner, name, _ in changes]
    try:
        for change in changes:
            _set(*change)
        yield
    finally:
        for change in before:
            _set(*change)


def _attributes(owner: Any) -> Mapping[str, Any]:
    return owner if isinstance(owner, dict) else vars(owner)


def _set(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)


def _handler(stage: str) -> ModuleType:
    return handlers(base())[stage]


def _claims_without_condition() -> list[Change]:
    real = Ledger._claim

    def claim(self: Ledger, *given: Any) -> Any:
        put = dict(real(self, *given)["Put"])
        put.pop("ConditionExpression", None)
        return {"Put": put}

    return [(Ledger, "_claim", claim)]


def _no_sweep() -> list[Change]:
    return [(_handler("track"), "_sweep", lambda: None)]


def _no_sweep_of_groups() -> list[Change]:
    return [(Gatherer, "sweep", lambda self: None), (Gatherer, "due", lambda self, message: None)]


def _exit_code_believed() -> list[Change]:
    track = _handler("track")

    def record(self: Any, event: Any, *known: Any) -> Any:
        name = event.name
        done = self.ledger.record_end(
            name.run_id, name.step, event.state, generation=name.generation, job_id=event.job_id
        )
        return track.Recorded(done, done)

    believed = [(track.EndRecorder, name, record) for name in ("record", "record_of")]
    return [*believed, (ends.End, "exit_code", property(lambda self: 0))]


def _lease_too_short() -> list[Change]:
    return [(claims, "LEASE", timedelta(milliseconds=20))]


def _alert_dropped() -> list[Change]:
    return [(_handler("alert"), "_failed", lambda message: None)]


def _alert_not_deduplicated() -> list[Change]:
    return [(_handler("alert"), "_once", lambda subject, event, act: act())]


def _dependencies_dropped() -> list[Change]:
    return [(submit_request, "_dependencies", lambda submission, job_ids: iter(()))]


def _start_job_not_waited_for() -> list[Change]:
    real = dependencies.waited_for

    def waited_for(step: Any, graph: Any, is_empty: Any) -> Iterator[tuple[str, bool]]:
        found = real(step, graph, is_empty)
        return ((name, each) for name, each in found if graph.steps[name].kind is not Kind.START)

    return [(dependencies, "waited_for", waited_for)]


def _cleanup_without_dependencies() -> list[Change]:
    real = submit_request._dependencies

    def dependencies(submission: Any, job_ids: Mapping[str, str]) -> Any:
        return iter(()) if submission.step.kind is Kind.CLEANUP else real(submission, job_ids)

    return [(submit_request, "_dependencies", dependencies)]


def _update_without_condition() -> list[Change]:
    real = Ledger._update

    def update(self: Ledger, run_id: str, step: str, update: str, condition: str, *more: Any) -> bool:
        return real(self, run_id, step, update, "attribute_exists(pk)", *more)

    return [(Ledger, "_update", update)]


def _events_not_deduplicated() -> list[Change]:
    def run_id(pipeline: str, trigger: str, identity: Mapping[str, str]) -> str:
        drawn = uuid.uuid4().hex[:20].translate(str.maketrans("0189", "abcd"))
        return f"{pipeline}-{drawn}"

    return [(_handler("trigger"), "run_id", run_id)]


def _registration_ignored() -> list[Change]:
    def registered(job: Any, assignment: Any) -> Any:
        return assignment if assignment is not None and assignment.step is not None else None

    return [(registration, "_registered", registered)]


def _finished_items_forgotten() -> list[Change]:
    def earlier_results(s3: Any, bucket: str, job: Any) -> Any:
        found = len(list(part_keys(s3, bucket, keys.child_results_prefix(job.run, job.step, job.child))))
        return result_parts(s3, bucket, job, first=found), set()

    return [(supervising, "earlier_results", earlier_results)]


def _last_results_not_written() -> list[Change]:
    return [(Parts, "__exit__", lambda self, *error: None)]


def _claims_never_settled() -> list[Change]:
    return [(claims.ClaimSettler, "_is_abandoned", lambda self, *given: False)]


def _tolerance_ignored() -> list[Change]:
    return [(evaluation, "has_enough", lambda share, outcome, record: True)]


def _slices_off_by_one() -> list[Change]:
    real = slice_bounds

    def shifted(items: int, children: int, child: int) -> tuple[int, int]:
        start, stop = real(items, children, child)
        return start + (child > 0 and stop - start > 1), stop

    return [(work, "slice_bounds", shifted)]


def _retry_does_not_count() -> list[Change]:
    real = Ledger.reopen
    return [
        (
            Ledger,
            "reopen",
            lambda self, run, *more: real(self, replace(run, reopened=run.reopened - 1), *more),
        )
    ]


def _files_in_two_groups() -> list[Change]:
    return [(group_ledger, "_NEW", "")]


def _order_of_versions_ignored() -> list[Change]:
    def one_of_each_key(files: Iterable[S3Object]) -> list[S3Object]:
        return list({(file.bucket, file.key): file for file in files}.values())

    return [(gathering, "newest_of_each_key", one_of_each_key)]


def _server_errors_are_refusals() -> list[Change]:
    return [(job_submission, "is_transient", lambda error: False)]


def _some_failed_children_forgotten() -> list[Change]:
    module = _handler("track").EndRecorder.record.__globals__
    real = module["verdict"]

    def verdict(*given: Any) -> Any:
        found = real(*given)
        if found is None or not found.failed_children:
            return found
        first = child_ranges.from_text(found.failed_children)[:1]
        return replace(found, failed_children=child_ranges.to_text(first))

    return [(module, "verdict", verdict)]


def _failed_messages_deleted() -> list[Change]:
    def swallowing(event: Any, context: Any, handle: Callable[[str], None], dead_letters: str) -> Any:
        def careless(body: str) -> None:
            try:
                handle(body)
            except Exception as error:  # noqa: BLE001 - the defect
                print(f"Never mind: {error}")

        return consume(event, context, careless, dead_letters)

    return [(_handler("trigger"), "consume", swallowing)]


def _results_not_counted() -> list[Change]:
    class Believing(complete._Expected):
        def check_parts(self, part_keys: Iterable[str]) -> None:
            pass

        def checked(self, results: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
            return results

    return [(complete, "_Expected", Believing)]


def _forged_plans_believed() -> list[Change]:
    return [(_handler("fan_out"), "comes_from_its_job", lambda *given: True)]


def _forged_registrations_believed() -> list[Change]:
    return [(JobFinder, "is_job", lambda self, *given, **named: True)]


def _junk_set_aside() -> list[Change]:
    return [(_handler("fan_out"), "MalformedMessageError", KeyError)]


def _limit_of_runs_ignored() -> list[Change]:
    return [(run_queue.RunQueue, "free", property(lambda self: 99))]


def _kept_messages_forgotten() -> list[Change]:
    return [(Pauses, "keep", lambda self, *given: True)]


def _incomplete_sets_run() -> list[Change]:
    real = contents_of

    def contents(*given: Any) -> Any:
        return replace(real(*given), missing=Missing(0, ()))

    return [(set_gathering, "contents_of", contents)]


def _pause_never_ends() -> list[Change]:
    return [(_handler("trigger"), "is_release", lambda body: False)]


def _chains_never_start() -> list[Change]:
    return [(_handler("trigger"), "upstream_runs", lambda *given, **more: None)]


def _chain_events_not_made_up_for() -> list[Change]:
    return [(type(_handler("track").followed), "sweep", lambda self, now: None)]


def _chains() -> dict[str, Any]:
    """Return the names of the module that finds what a run of a chain starts with."""
    names: dict[str, Any] = _handler("trigger").upstream_runs.func.__globals__
    return names


def _joins_start_twice() -> list[Change]:
    real = UpstreamRuns.identity

    def identity(self: UpstreamRuns) -> dict[str, str]:
        return {**real(self), "message": uuid.uuid4().hex}

    return [(UpstreamRuns, "identity", identity)]


def _joins_do_not_wait() -> list[Change]:
    real = ChainLedger.newest

    class Anything(dict[str, Any]):
        def __contains__(self, name: object) -> bool:
            return True

        def __missing__(self, name: str) -> Any:
            return next(iter(self.values()))

    return [(ChainLedger, "newest", lambda self, partition: Anything(real(self, partition)))]


def _older_results_joined() -> list[Change]:
    real = ChainLedger.record

    def record(self: ChainLedger, partition: str, upstream: Any, ended_at: str) -> bool:
        return real(self, partition, upstream, now().isoformat(timespec="milliseconds"))

    return [(ChainLedger, "record", record)]


def _keys_of_joins_ignored() -> list[Change]:
    return [(_chains(), "chain_partition", lambda pipeline, trigger, key: f"CHAIN#{pipeline}")]


def _later_files_dropped() -> list[Change]:
    return [(SetGatherer, "_take_after", lambda self, found, files: True)]


def _overwritten_members_kept() -> list[Change]:
    return [(set_gathering, "_is_newer", lambda file, known: known is None)]


def _late_sets_forgotten() -> list[Change]:
    return [(SetGatherer, "_late", lambda self, found: None)]


def _missing_files_not_named() -> list[Change]:
    real = FileSet.trigger_message

    def message(self: FileSet, files: Any, missing: Missing, work_bucket: str) -> Any:
        return real(self, files, Missing(0), work_bucket)

    return [(FileSet, "trigger_message", message)]


def _catch_ups() -> Any:
    """Return the class that begins the runs of missed times."""
    return type(_handler("trigger").catch_ups)


def _scheduled_times_skipped() -> list[Change]:
    names = _catch_ups().handle.__globals__
    real = names["missed_times"]
    return [(names, "missed_times", lambda *given: islice(real(*given), 1, None))]


def _lost_times_not_looked_at() -> list[Change]:
    def extended(self: Covered, start: datetime | None, now: datetime) -> Covered:
        return real(self, start, now) if self.since == self.until else replace(self, until=now)

    real = Covered.extended
    return [(Covered, "extended", extended)]


def _missed_times_begin_anew() -> list[Change]:
    names = _catch_ups().handle.__globals__
    real = names["scheduled_message"]

    def message(pipeline: str, trigger: str, *given: Any, **more: Any) -> Any:
        return real(pipeline, f"{trigger} {uuid.uuid4().hex}", *given, **more)

    return [(names, "scheduled_message", message)]


def _lost_uploads_not_looked_for() -> list[Change]:
    def since(self: BackfillJob, target: Target, first: datetime, until: datetime) -> Target:
        return replace(real(self, target, first, until), since=until)

    real = BackfillJob._since
    return [(BackfillJob, "_since", since)]


def _found_uploads_begin_anew() -> list[Change]:
    real = Target.message

    def message(self: Target, file: S3Object) -> Any:
        return replace(real(self, file), trigger=f"{self.trigger}{AGAIN_MARK}{uuid.uuid4().hex}")

    return [(Target, "message", message), (SingleStarter, "unknown", lambda self, target, files: [*files])]


def _old_reports_read() -> list[Change]:
    return [(reconciling, "_check_fresh", lambda found, since: None)]


def _conflicts_give_up() -> list[Change]:
    return [(Backoff, "try_again", lambda self: False)]


DEFECTS: Mapping[str, Callable[[], list[Change]]] = {
    name.removeprefix("_").replace("_", " "): plant
    for name, plant in list(globals().items())
    if getattr(plant, "__annotations__", {}).get("return") == "list[Change]"
}
"""The defects by their names."""
