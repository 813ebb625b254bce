"""Scenarios about what starts runs: which calls of triggers, groups and alerts go wrong, and what must hold
of all runs together, by what was uploaded or asked for and what the runs published.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from sluice import keys
from sluice.backfill.job import Reconcile
from sluice.ledger.records import FOLLOWED
from sluice.pipeline.backfills import MIN_AGE, rate
from sluice.pipeline.definition import S3Upload, Schedule
from sluice.pipeline.trigger_names import schedule_name, upload_name
from sluice.pipeline.validation.triggers.reconciles import backfill_name
from sluice.run.state import Run
from sluice.testing.memory.refusals import refusal
from tests.sluice.backfill.inventory.written import Buckets, row_of, write_report

if TYPE_CHECKING:
    from tests.matrix.harness import Harness

PARTS = ("left", "right")
"""The pipelines that are begun by the scenario ``joined``."""
_OVERDUE_SECONDS, _REPLACED_SECONDS, _RECONCILED_SECONDS = 3000.0, 60.0, 3000.0
_LOST = 2
_TRICKLED, _TRICKLE_SECONDS = 4, 30.0
_TIMES = ["2024-01-01T02:00:00+00:00", "2025-01-01T02:00:00+00:00", "2026-01-01T02:00:00+00:00"]


def _ask_both(harness: Harness, mark: str) -> None:
    for name in PARTS:
        harness.request(name, f"{name} {mark}", {"key": mark})
    # Another key's run waits for its counterpart for ever.
    harness.request("left", "of another key", {"key": "another"})


def _joined(harness: Harness, mark: str) -> Iterator[str]:
    """Yield what does not hold: of the key one run of each, and one that has the results of both."""
    yield from _counted(harness, {"left": 2, "right": 1, "joined": 1})
    for run in _runs_of(harness, "joined"):
        if (found := _published(harness, run, "both.json")) != ["left", "right"]:
            yield f"{run.run_id} published {found}"


def _refuse_receipt(harness: Harness, mark: str) -> None:
    """Ask for both, and refuse the receipt of the one until a person has mended its bucket."""
    from tests.matrix.person import mends_cleanup

    real, is_mended = harness.buckets.put_object, False

    def put_object(**parameters: Any) -> Any:
        if (
            not is_mended
            and parameters["Key"].startswith("left/")
            and parameters["Key"].endswith(keys.RECEIPT)
        ):
            raise refusal("AccessDenied", "PutObject", status=403)
        return real(**parameters)

    def mend() -> None:
        nonlocal is_mended
        is_mended = True

    harness.buckets.put_object = put_object  # type: ignore[method-assign]
    for name in PARTS:
        harness.request(name, f"{name} {mark}", {"key": mark})
    mends_cleanup(harness, partial(_runs_of, harness, "left"), mend)


def _joined_behind_the_cleanup(harness: Harness, mark: str) -> Iterator[str]:
    """Yield what does not hold: an alert names the cleanup that failed, it alone ran again, and what comes
    after the run began once, behind that.
    """
    from tests.matrix.person import is_cleanup_alerted

    yield from _counted(harness, {"left": 1, "right": 1, "joined": 1})
    for run in _runs_of(harness, "joined"):
        if (found := _published(harness, run, "both.json")) != ["left", "right"]:
            yield f"{run.run_id} published {found}"
    for run in _runs_of(harness, "left"):
        if not is_cleanup_alerted(harness, run):
            yield f"nobody was told that the cleanup of {run.run_id} failed"
        if (found := {name: one.generation for name, one in run.steps.items()}) != {"value": 0, "cleanup": 1}:
            yield f"the generations of {run.run_id} are {found}"
        if _published(harness, run, keys.RECEIPT) is None:
            yield f"{run.run_id} has no receipt"


def _replace_a_file(harness: Harness, mark: str) -> None:
    for part in ("0", "1"):
        harness.upload(f"later/{mark}/{part}.txt", b"words", sequencer=f"{part}1")
    again = partial(harness.upload, f"later/{mark}/0.txt", b"more words", sequencer="02")
    harness.clock.later(_REPLACED_SECONDS, again)


def _reran(harness: Harness, mark: str) -> Iterator[str]:
    """Yield what does not hold: the last run has the newer file, and each one before the older."""
    runs = sorted(_runs_of(harness, "later"), key=_generation)
    sizes = [_published(harness, run, "sum.json") for run in runs]
    wanted = [[[0, 5], [1, 5]], [[0, 10], [1, 5]]]
    # Where the newer event came first, or with the other, one run has it.
    if [_generation(run) for run in runs] != list(range(len(runs))) or sizes not in (wanted, wanted[1:]):
        yield f"the runs {[run.run_id for run in runs]} published {sizes}"


def _leave_one_out(harness: Harness, mark: str) -> None:
    harness.upload(f"overdue/{mark}/0.txt", b"words", sequencer="01")
    late = partial(harness.upload, f"overdue/{mark}/1.txt", b"more words", sequencer="02")
    harness.clock.later(_OVERDUE_SECONDS, late)


def _ran_without(harness: Harness, mark: str) -> Iterator[str]:
    """Yield what does not hold: one run that knows what it lacks, and an alert of what came then."""
    yield from _counted(harness, {"overdue": 1})
    for run in _runs_of(harness, "overdue"):
        if (found := _published(harness, run, "sum.json")) != [[[0, 5]], ["1"]]:
            yield f"{run.run_id} published {found}"
    told = [body for _, body in harness.messages.mail if "came after its run" in body]
    if not any(f"overdue/{mark}/1.txt" in body for body in told):
        yield f"nobody was told of the file that came then: {told}"


def _trickle(harness: Harness, mark: str) -> None:
    """Upload a file each half a minute, of a pipeline that waits for three quarters of one without any."""
    for number in range(_TRICKLED):
        upload = partial(harness.upload, f"quiet/{mark}-{number}.txt", b"x" * (number + 1))
        harness.clock.later(number * _TRICKLE_SECONDS, upload)


def _gathered(harness: Harness, mark: str) -> Iterator[str]:
    """Yield what does not hold: each file is in one run. Events that come late may be another group."""
    runs = _runs_of(harness, "complete")
    found = [_published(harness, run, "sum.json") for run in runs]
    sizes = sorted(size for files in found for _, size in files or ())
    if sizes != [number + 1 for number in range(_TRICKLED)] or [] in found:
        yield f"the runs {[run.run_id for run in runs]} were of files of {found} bytes"


def _deploy(harness: Harness, mark: str) -> None:
    """Send what the deployed schedule sends: once, and an hour later."""
    made = harness.deployment
    definition = next(
        {"bucket": made.assets, "key": key}
        for key, text in made.definitions.items()
        if json.loads(text).get("name") == "missed"
    )
    body = json.dumps({"catch_up": "missed", "definition": definition, "version": 1})
    for seconds in (0.0, 3600.0):
        harness.clock.later(seconds, partial(harness.messages.send, made.functions["trigger"].queue, body))


def _caught_up(harness: Harness, mark: str) -> Iterator[str]:
    """Yield what does not hold: each time has one run."""
    yield from _counted(harness, {"missed": len(_TIMES)})
    found = sorted(str(_published(harness, run, "time.json")) for run in _runs_of(harness, "missed"))
    if found != _TIMES:
        yield f"the runs were for {found}"


def _lose_events(harness: Harness, mark: str) -> None:
    """Put files of which no event comes, and one of which it does, between two times of the schedule."""

    def put(key: str) -> None:
        harness.buckets.put_object(Bucket=harness.deployment.inbox, Key=key, Body=key.encode())

    put(f"reconciled/{mark}-before.txt")
    for number in range(_LOST):
        harness.clock.later(2.0, partial(put, f"reconciled/{mark}-{number}.txt"))
    heard = f"reconciled/{mark}-heard.txt"
    harness.clock.later(2.0, partial(harness.upload, heard, heard.encode()))
    for seconds in (1.0, _RECONCILED_SECONDS):
        harness.clock.later(seconds, partial(_reconcile, harness))


def _lose_events_and_report(harness: Harness, mark: str) -> None:
    """The same, and a report names all files before the second time of the schedule."""
    _lose_events(harness, mark)
    harness.clock.later(_RECONCILED_SECONDS - 60.0, partial(_report, harness))


def _report(harness: Harness) -> None:
    """Store a report of the inbox, as S3 Inventory does."""
    inbox, now, written = harness.deployment.inbox, harness.clock.now(), Buckets()
    versions = harness.buckets.list_object_versions(Bucket=inbox)["Versions"]
    rows = [row_of(one, inbox) for one in versions]
    begun = {"creationTimestamp": str(int(now.timestamp() * 1000)), "sourceBucket": inbox}
    write_report(written, [rows], date=f"{now:%Y-%m-%dT%H-%MZ}", **begun)
    for (bucket, key), content in written.objects.items():
        harness.buckets.put_object(Bucket=bucket, Key=key, Body=content)


def _reconcile(harness: Harness) -> None:
    """Send what the deployed schedule sends at this time."""
    made, now = harness.deployment, harness.clock.now()
    name, texts = backfill_name("reconciled"), made.definitions.items()
    key = next(key for key, text in texts if json.loads(text).get("name") == name)
    upload = S3Upload(prefix="reconciled/", suffix=".txt")
    asked = Reconcile(triggers=(upload_name(upload),), every="7d", min_age=MIN_AGE)
    schedule = Schedule(rate(asked.every))
    detail = {
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expression": schedule.expression,
        "input": asked.to_dict(),
    }
    message = {
        "pipeline": name,
        "trigger": schedule_name(schedule),
        "definition": {"bucket": made.assets, "key": key},
        "version": 1,
        "detail": detail,
    }
    harness.messages.send(made.functions["trigger"].queue, json.dumps(message))


def _found(harness: Harness, mark: str) -> Iterator[str]:
    """Yield what does not hold: each file has one run, but for the one from before the first reconcile."""
    yield from _counted(harness, {"reconciled": _LOST + 1, "reconciled-backfill": 2})
    found = sorted(str(run.trigger["key"]) for run in _runs_of(harness, "reconciled"))
    wanted = [f"reconciled/{mark}-{which}.txt" for which in (*range(_LOST), "heard")]
    if found != wanted:
        yield f"the runs were of {found}"


def _found_by_report(harness: Harness, mark: str) -> Iterator[str]:
    """Yield what does not hold: the same, and the second reconcile read the report."""
    yield from _found(harness, mark)
    found = [_published(harness, run, "backfill.json") for run in _runs_of(harness, "reconciled-backfill")]
    said = sorted(one["about"] for one in found if one)
    if [one.endswith("manifest.json") for one in said] != [False, True]:
        yield f"the reconciles were of {said}"


WAYS_IN: dict[str, dict[str, Any]] = {
    "joined": {
        "begin": _ask_both,
        "together": _joined,
        "stages": ("trigger",),
        "waits_for": (FOLLOWED,),
    },
    "uncleaned": {
        "begin": _refuse_receipt,
        "together": _joined_behind_the_cleanup,
        "stages": ("track", "alert", "job", "person"),
        "waits_for": (FOLLOWED,),
    },
    "later": {"begin": _replace_a_file, "together": _reran, "stages": ("group",)},
    "overdue": {"begin": _leave_one_out, "together": _ran_without, "stages": ("group", "alert")},
    "quiet": {"begin": _trickle, "together": _gathered, "stages": ("group",)},
    "reconciled": {"begin": _lose_events, "together": _found, "stages": ("trigger", "job")},
    "reported": {
        "begin": _lose_events_and_report,
        "together": _found_by_report,
        "stages": ("trigger", "job"),
    },
    "missed": {"begin": _deploy, "together": _caught_up, "stages": ("trigger",)},
}


def _runs_of(harness: Harness, pipeline: str) -> list[Run]:
    return [run for run in harness.runs() if run.pipeline.name == pipeline]


def _counted(harness: Harness, wanted: dict[str, int]) -> Iterator[str]:
    found = Counter(str(run.pipeline.name) for run in harness.runs())
    if found != wanted:
        yield f"the runs are {dict(found)}, and were to be {wanted}"


def _generation(run: Run) -> int:
    return int(run.trigger["generation"])


def _published(harness: Harness, run: Run, name: str) -> Any:
    bucket = harness.deployment.environment("SLUICE_RESULTS_BUCKET")
    body = harness.buckets.objects.get(bucket, {}).get(f"{run.pipeline.name}/{run.run_id}/{name}")
    return None if body is None else json.loads(body)
