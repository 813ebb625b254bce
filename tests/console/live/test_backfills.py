"""What is being backfilled, on the overview and on its pipeline's page, and how few calls that costs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from console import contract
from console.live.backend import LiveBackend
from console.live.overview.backfills import MAX_BACKFILLS, MAX_PIPELINES
from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.ledger.pauses import Pauses
from sluice.run.state import RunState
from tests.console.live.conftest import CountedCloud
from tests.sluice.catch_up.left import fill_a_group, miss
from tests.sluice.clouds import TABLE
from tests.sluice.sets.inboxes import Sets, hour


def _section(sections: tuple[contract.Section, ...], name: str = "backfills") -> contract.Section:
    (found,) = [one for one in sections if one.id == name]
    return found


def test_missed_times_and_filling_groups_say_how_far_they_are(
    backend: LiveBackend, cloud: CountedCloud
) -> None:
    """On the overview those of all pipelines."""
    miss(cloud.harness.clients, 5, done=2)
    fill_a_group(cloud.harness.clients, 3)
    missed, group = _section(backend.overview().sections).rows
    assert missed.text == (
        "words: 3 of 5 scheduled times left, from 2026-01-03T02:00:00Z to 2026-01-05T02:00:00Z; 0 under way"
    )
    assert (missed.done, missed.total, missed.href) == (2, 5, "/runs?pipeline=words")
    assert group.text == (
        "files: 1 of at most 2 files in a group of s3-group:files/*; 1 group was full before it"
    )
    assert (group.done, group.total) == (1, 2)
    assert group.until is not None
    assert datetime.fromisoformat(group.until) > datetime.now(UTC)


def _write(cloud: CountedCloud, run_id: str = "", **more: Any) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    given = {"pipeline": "words", "about": "s3://inbox/a\u202e*", "began_at": at, "updated_at": at, **more}
    BackfillRecords(cloud.harness.clients["dynamodb"], TABLE).write(BackfillProgress(run_id=run_id, **given))


def test_jobs_and_commands_say_how_far_they_are(backend: LiveBackend, cloud: CountedCloud) -> None:
    """One that has died, which it cannot say itself, is seen to have: a job by its run, a command by its
    silence.
    """
    job = "words-backfill-" + "a" * 20
    cloud.harness.begin(job, "2026-01-01T00:00:00.000+00:00")
    _write(cloud, job, objects=5, new=2, about="reconcile")
    _write(cloud, "words-backfill-" + "b" * 20, objects=5, new=2, about="gone")
    _write(cloud, objects=1_000, new=30, total=4_000)
    old = "2026-01-01T00:00:00.000+00:00"
    _write(cloud, about="silent", began_at=old, updated_at=old)
    rows = {row.text: row for row in _section(backend.overview().sections).rows}
    assert {text: row.state for text, row in rows.items()} == {
        "words: 5 looked at, 2 new: reconcile": "RUNNING",
        "words: 5 looked at, 2 new: gone; it has died: begin it again": "FAILED",
        r"words: 1,000 of 4,000 looked at, 30 new: s3://inbox/a\u202e*": "RUNNING",
        "words: 0 looked at, 0 new: silent; it has died: begin it again": "FAILED",
    }
    command = rows[r"words: 1,000 of 4,000 looked at, 30 new: s3://inbox/a\u202e*"]
    assert (command.done, command.total, command.href) == (1_000, 4_000, "/runs?pipeline=words")
    assert rows["words: 5 looked at, 2 new: reconcile"].href == f"/runs/{job}"


def test_what_ended_lately_is_on_the_page_of_its_pipeline(backend: LiveBackend, cloud: CountedCloud) -> None:
    """For a day, with why where not all was done; the overview has what is under way alone."""
    old = "2026-01-01T00:00:00.000+00:00"
    _write(cloud, ended=True, about="old", began_at=old, updated_at=old)
    _write(cloud, ended=True, about="whole", objects=3, new=3, total=3)
    _write(cloud, ended=True, about="part", stopped="interrupted")
    assert [one.id for one in backend.overview().sections] == []
    rows = _section(backend.pipeline_now("words").sections).rows
    assert {(row.text, row.state) for row in rows} == {
        ("words: 3 of 3 looked at, 3 new: whole; ended", "DONE"),
        ("words: 0 looked at, 0 new: part; interrupted", "CANCELLED"),
    }


def test_many_jobs_and_commands_cost_bounded_calls(backend: LiveBackend, cloud: CountedCloud) -> None:
    """Some are shown, and it says that there are more."""
    for number in range(MAX_BACKFILLS + 5):
        _write(cloud, about=f"place {number}")
    cloud.calls.clear()
    found = _section(backend.overview().sections)
    assert (len(found.rows), found.note is not None) == (MAX_BACKFILLS, True)
    assert cloud.calls["get_item"] <= MAX_BACKFILLS + 3


def test_the_page_of_a_pipeline_has_what_is_before_its_runs(
    backend: LiveBackend, cloud: CountedCloud
) -> None:
    """Of this pipeline and of no other; nothing of one that waits for nothing."""
    clients = cloud.harness.clients
    miss(clients, 5)
    miss(clients, 5, pipeline="other")
    fill_a_group(clients)
    since = "2026-01-01T00:00:00.000+00:00"
    Pauses(clients["dynamodb"], TABLE).pause("words", "", since)
    Sets(clients["dynamodb"]).come(hour(1))
    words = backend.pipeline_now("words").sections
    assert [one.id for one in words] == ["backfills", "paused"]
    assert [one.text[:12] for one in _section(words).rows] == ["words: 5 of "]
    assert [one.id for one in backend.pipeline_now("files").sections] == ["backfills"]
    assert [one.id for one in backend.pipeline_now("sales").sections] == ["sets"]
    assert backend.pipeline_now("no\x1b-such").sections == ()


def test_a_run_that_waits_is_on_the_page_of_its_pipeline(backend: LiveBackend, cloud: CountedCloud) -> None:
    """And on no other's."""
    run_id = "words-" + "a" * 20
    cloud.harness.begin(run_id, "2026-01-01T00:00:00.000+00:00")
    cloud.harness.end(run_id, RunState.WAITING)
    (row,) = _section(backend.pipeline_now("words").sections, "waiting").rows
    assert row.href == f"/runs/{run_id}"
    assert backend.pipeline_now("other").sections == ()


def test_many_pipelines_cost_bounded_calls(backend: LiveBackend, cloud: CountedCloud) -> None:
    """A definition is read once; a hundred people who look within seconds cost what one does."""
    for number in range(MAX_PIPELINES + 5):
        miss(cloud.harness.clients, 3, pipeline=f"words-{number:02d}")
    cloud.calls.clear()
    found = _section(backend.overview().sections)
    assert (len(found.rows), found.note is not None) == (MAX_PIPELINES, True)
    assert cloud.calls["get_object"] == MAX_PIPELINES
    assert sum(cloud.calls.values()) <= 3 * MAX_PIPELINES
    backend.cache._kept.pop("sections")
    backend.cache._kept.pop("overview")
    backend.overview()
    assert cloud.calls["get_object"] == MAX_PIPELINES
    cloud.calls.clear()
    for _ in range(100):
        backend.pipeline_now("words-01")
    assert sum(cloud.calls.values()) <= 8, cloud.calls


def test_a_definition_that_is_gone_hides_no_other(backend: LiveBackend, cloud: CountedCloud) -> None:
    """Its row says that the times are not counted."""
    miss(cloud.harness.clients, 3, pipeline="gone", stored=False)
    miss(cloud.harness.clients, 3)
    gone, words = _section(backend.overview().sections).rows
    assert gone.text.startswith("gone: missed times are left, not counted:")
    assert words.text.startswith("words: 3 of 3")
