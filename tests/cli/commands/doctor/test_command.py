"""What `sluice doctor` prints, and its exit code."""

from __future__ import annotations

import json

import pytest

from cli.commands.doctor.checks.run_checks import CHECKS
from cli.commands.doctor.command import doctor
from cli.main import parser
from tests.cli.commands.doctor.fake_account import WELL_DOCKER, FakeAccount


def test_the_command_lists_findings_and_counts_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1 for findings; with --all also what is well."""
    monkeypatch.delenv("SLUICE_STACK_PREFIX", raising=False)
    unhealthy = FakeAccount(GetQueueAttributes={"Attributes": {"ApproximateNumberOfMessages": "3"}})
    assert doctor(parser().parse_args(["doctor"]), unhealthy.client, WELL_DOCKER) == 1
    said = capsys.readouterr().out
    assert said.startswith("error        dead letters: 3 messages were set aside")
    assert "3 messages in trigger-retries have failed and are tried again" in said
    assert "→ Read why: aws sqs receive-message" in said
    assert "1 errors, 1 warnings" in said
    assert doctor(parser().parse_args(["doctor", "--all"]), FakeAccount().client, WELL_DOCKER) == 0
    assert "ok           credentials:" in capsys.readouterr().out


def test_json_has_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    assert doctor(parser().parse_args(["doctor", "--json"]), FakeAccount().client, WELL_DOCKER) == 0
    document = json.loads(capsys.readouterr().out)
    assert {one["check"] for one in document} == set(CHECKS)
    assert set(document[0]) == {"check", "level", "text", "fix"}
