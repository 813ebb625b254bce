"""The alert of a failed run, as its recipients get it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cli.commands.demo import alerts
from local.paths import LocalCloudPaths
from sluice.operate.runs.view import RunView
from sluice.run.state import RunState
from tests.sluice.graphs import RUN_ID

FAILED = RunView(run_id=RUN_ID, pipeline="p", input="i", state=RunState.FAILED, seconds=1.0, steps=())
MAIL = {"protocol": "email", "endpoint": "you@example.com", "subject": "failed", "text": f"run {RUN_ID}"}
SMS = {"protocol": "sms", "endpoint": "+15550100123", "subject": "", "text": f"failed {RUN_ID[-20:]}"}
OTHER = {"protocol": "sms", "endpoint": "+15550100123", "subject": "", "text": "another run"}


@pytest.mark.parametrize(("messages", "complete"), [([SMS, MAIL, OTHER], True), ([MAIL, OTHER], False)])
def test_one_mail_and_one_sms_are_expected(
    messages: list[dict[str, Any]], complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages about other runs do not count."""
    monkeypatch.setattr(alerts, "control", lambda *_: messages)
    monkeypatch.setattr(alerts, "SECONDS", -1.0)
    console = Console(file=io.StringIO(), width=100)
    assert (alerts.show(LocalCloudPaths.of(4599), console, FAILED) == []) is complete
    assert isinstance(console.file, io.StringIO)
    assert "E-mail to you@example.com" in console.file.getvalue()
