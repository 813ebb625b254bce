"""What `sluice doctor` says of listings on a schedule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.files.reconciles import reconciles
from cli.commands.doctor.checks.run_checks import run_checks
from cli.commands.doctor.finding import Level
from sluice.backfill.records import BackfillProgress, BackfillRecords
from sluice.run.compiled import CompiledPipeline
from sluice.run.state import RunState
from stacks.configuration import Configuration
from stacks.project import VARIABLE
from tests.cli.commands.doctor.fake_account import WELL_DOCKER, FakeAccount
from tests.cli.harness import CommandHarness, command_harness
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import step

PIPELINE = """
from sluice import Job, Pipeline, S3Upload
pipeline = Pipeline(
    name="sales",
    triggers=[S3Upload(prefix="sales/"{more})],
    steps=[Job("work", image="busybox", command=["true"])],
)
"""
NAME = "SluicePipelines-salesbackfillSchedule0-1"
RUN = "sales-backfill-" + "a" * 20
NOW = datetime.now(UTC)


@pytest.fixture
def harness() -> Iterator[CommandHarness]:
    """An empty ledger."""
    with command_harness() as found:
        yield found


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose pipeline is reconciled."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "sales.py").write_text(PIPELINE.format(more=', reconcile="7d"'))
    (tmp_path / "sluice.toml").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


def findings(harness: CommandHarness, *, starts: str = "sales-backfill", **schedule: Any) -> list[Any]:
    """Return what the check finds."""
    stacks = {
        "SluicePipelines": [("AWS::Scheduler::Schedule", "salesbackfillSchedule01", NAME)],
        "SluiceStorage": [("AWS::DynamoDB::Table", "Ledger1", TABLE)],
    }
    message = json.dumps({"pipeline": starts, "detail": {"time": "<aws.scheduler.scheduled-time>"}})
    given = {"State": "ENABLED", "Target": {"Arn": "a", "RoleArn": "r", "Input": message}, **schedule}
    fake = _Stacks(stacks, GetSchedule=given)

    def client(service: str) -> Any:
        return harness.clients["dynamodb"] if service == "dynamodb" else fake.client(service)

    found = run_checks(Account(client, Configuration(), WELL_DOCKER), {"reconcile": reconciles})
    return [(one.level, one.text, one.fix) for _, one in found]


class _Stacks(FakeAccount):
    def __init__(self, stacks: dict[str, list[tuple[str, str, str]]], **answers: Any) -> None:
        super().__init__(**answers)
        self._stacks = stacks

    def _answer(self, client: Any, operation: str, request: dict[str, Any]) -> Any:
        if operation != "ListStackResources":
            return super()._answer(client, operation, request)
        names = ("ResourceType", "LogicalResourceId", "PhysicalResourceId")
        listed = self._stacks.get(request["StackName"], [])
        return {"StackResourceSummaries": [dict(zip(names, one, strict=True)) for one in listed]}


def listed(harness: CommandHarness, *, next_at: datetime) -> None:
    """Record a listing that has ended."""
    began = (next_at - timedelta(days=7)).isoformat()
    progress = BackfillProgress(
        pipeline="sales",
        run_id=RUN,
        about="reconcile",
        began_at=began,
        updated_at=began,
        next_at=next_at.isoformat(),
        objects=1500,
        new=3,
        ended=True,
    )
    BackfillRecords(harness.clients["dynamodb"], TABLE).write(progress)


def test_a_listing_is_shown_with_its_result(harness: CommandHarness) -> None:
    """Before the first one there is none, which is well."""
    ((level, text, _),) = findings(harness)
    assert (level, "no listing has ended yet" in text) == (Level.OK, True)
    listed(harness, next_at=NOW + timedelta(days=3))
    ((level, text, _),) = findings(harness)
    assert (level, "1,500 objects, 3 of which no event had brought" in text) == (Level.OK, True)


def test_a_listing_that_failed_is_a_warning(harness: CommandHarness) -> None:
    """The newest run says so, whatever those before it did; also where it recorded nothing."""
    listed(harness, next_at=NOW + timedelta(days=3))
    harness.begin(RUN, NOW.isoformat(), CompiledPipeline("sales-backfill", (step("backfill"),)))
    harness.end(RUN, RunState.FAILED, "backfill")
    ((level, text, fix),) = findings(harness)
    assert (level, RUN in text, f"sluice retry {RUN}" in fix) == (Level.WARNING, True, True)


def test_a_listing_that_is_long_due_is_a_warning(harness: CommandHarness) -> None:
    """Nothing else would say that the schedule sends nothing."""
    listed(harness, next_at=NOW - timedelta(days=2))
    ((level, text, fix),) = findings(harness)
    assert (level, "was due" in text) == (Level.WARNING, True)
    assert "sluice runs --pipeline sales-backfill" in fix


def test_a_schedule_that_is_off_or_not_there_is_an_error(harness: CommandHarness) -> None:
    """One of another pipeline, whose name ends the same, is not this one's."""
    ((level, text, _),) = findings(harness, State="DISABLED")
    assert (level, "switched off" in text) == (Level.ERROR, True)
    ((level, text, fix),) = findings(harness, starts="more-sales-backfill")
    assert (level, "0 of its schedules are deployed" in text) == (Level.ERROR, True)
    assert "make deploy" in fix


def test_a_project_without_an_interval_has_nothing_to_check(harness: CommandHarness, project: Path) -> None:
    """A job on request has no schedule."""
    (project / "pipelines" / "sales.py").write_text(PIPELINE.format(more=', reconcile="on-request"'))
    ((level, _, _),) = findings(harness)
    assert level is Level.OK
