"""What was sent is written down, for the console's list of alerts."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.ledger.sent_alerts import SentAlert, SentAlerts
from sluice.messages import EnvironmentInvalid, RunFailed, SetReport
from tests.lambdas.alert.test_gathering import Failures
from tests.lambdas.alert.test_handler import blocked, still
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import RUN, begun, mails
from tests.sluice.clouds import TABLE, refused


def sent(aws: Aws, pipeline: str | None = None) -> list[SentAlert]:
    """Return what was written down, the newest first."""
    return list(SentAlerts(aws.client("dynamodb"), TABLE).newest(50, pipeline))


def test_every_kind_of_alert_is_listed_by_its_pipeline(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure, a blocked queue, an environment, a set; each once, however often its message comes."""
    run_id = begun(aws)
    still(monkeypatch, aws, reason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too much")
    messages = (
        RunFailed(run=run_id, step="split").to_json(),
        blocked(),
        EnvironmentInvalid(environment="spot", reason="CLIENT_ERROR - the role is not there").to_json(),
        SetReport(pipeline="sales", set="day=1", event="late", text="3 are missing").to_json(),
    )
    for message in messages:
        assert aws.call("alert", message) == []
        assert aws.call("alert", message) == []
    found = sent(aws)
    assert [(one.kind, one.pipeline, one.run) for one in found] == [
        ("set", "sales", ""),
        ("invalid", "", ""),
        ("blocked", "words", RUN),
        ("failed", "words", run_id),
    ]
    assert len(mails(aws)) == len(found)
    assert [one.kind for one in sent(aws, "words")] == ["blocked", "failed"]
    assert found[-1].subject == "Sluice: words failed at split"
    assert "no reason is recorded" in found[-1].text


def test_a_digest_is_listed_and_what_it_gathers_is_not(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its pipeline, with the newest run."""
    failures = Failures(aws, monkeypatch)
    for number in range(12):
        assert failures.call(failures.fail(f"ValueError: not a number (item {number})")) == []
    failures.sweep(10)
    found = sent(aws, "words")
    assert sorted(one.kind for one in found) == ["digest", "failed", "failed", "failed"]
    (digest,) = (one for one in found if one.kind == "digest")
    assert (digest.run, "9 more runs of words" in digest.subject) == (list(failures.runs)[-1], True)


def test_an_alert_that_cannot_be_written_down_is_sent_once_all_the_same(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message does not come again for it."""
    run_id = begun(aws)
    handler: Any = aws.handler("alert")

    def deny(self: SentAlerts, alert: SentAlert) -> None:
        raise refused("ThrottlingException")

    monkeypatch.setattr(type(handler.sent_alerts), "record", deny)
    monkeypatch.setattr(aws.batch, "describe_jobs", lambda jobs: {"jobs": []}, raising=False)
    message = RunFailed(run=run_id, step="split").to_json()
    assert aws.call("alert", message) == []
    assert aws.call("alert", message) == []
    assert (len(mails(aws)), sent(aws)) == (1, [])
