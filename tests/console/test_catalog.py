"""What a console needs of a project's pipelines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.catalog import catalog_of, known
from sluice import Job, Manual, Pipeline, S3Upload, Schedule


def test_a_schedule_has_its_next_time() -> None:
    """But for a rate, which counts from its deploy."""
    pipeline = Pipeline(
        name="daily",
        triggers=[Schedule("cron(0 6 * * ? *)"), Schedule("rate(6 hours)"), Manual(), S3Upload(prefix="in/")],
        steps=[Job("work", run="work")],
    )
    found = known(pipeline).form
    assert [one.kind for one in found.triggers] == ["schedule", "schedule", "manual", "upload"]
    comes = datetime.fromisoformat(found.triggers[0].next or "")
    assert (comes.hour, comes.minute) == (6, 0)
    assert timedelta(0) <= comes - datetime.now(UTC) <= timedelta(days=1)
    assert found.triggers[1].next is None
    assert (found.takes_input, found.takes_files) == (True, True)


def test_files_with_mistakes_are_a_note(tmp_path: Path) -> None:
    """The console shows the runs all the same."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "wrong.py").write_text("pipeline = 1\n")
    found = catalog_of(tmp_path)
    assert (found.pipelines, "wrong.py" in (found.note or "")) == ((), True)
