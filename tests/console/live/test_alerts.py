"""The alerts that were sent, of a pipeline and of all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from console.live.backend import LiveBackend
from console.live.overview.attention import MAX_ALERTS
from sluice.ledger.sent_alerts import SentAlert, SentAlerts
from sluice.operate.watching.alarms import MAX_RAISED
from tests.console.live.conftest import CountedCloud
from tests.sluice.clouds import TABLE, refused


def _send(cloud: CountedCloud, number: int, pipeline: str = "words", **more: str) -> None:
    at = f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}.000+00:00"
    given = {"kind": "failed", "subject": f"Sluice: {pipeline} failed", "text": "Why: \x1b[31mno", **more}
    sent = SentAlert(at=at, pipeline=pipeline, run=f"{pipeline}-a" if pipeline else "", **given)
    SentAlerts(cloud.harness.clients["dynamodb"], TABLE).record(sent)


def test_alerts_of_a_pipeline_and_of_all_are_one_query_each(
    backend: LiveBackend, cloud: CountedCloud
) -> None:
    """The newest first, with what is hidden made visible; a hundred people who look cost no more."""
    _send(cloud, 1)
    _send(cloud, 2, "other", kind="digest")
    _send(cloud, 3, "", kind="invalid")
    cloud.calls.clear()
    found = [backend.alerts() for _ in range(100)][-1]
    assert [(one.kind, one.pipeline, one.run_id) for one in found.alerts] == [
        ("invalid", "", ""),
        ("digest", "other", "other-a"),
        ("failed", "words", "words-a"),
    ]
    assert (found.alerts[2].text, found.alerts[2].detail) == ("words failed", r"Why: \x1b[31mno")
    assert cloud.calls == {"query": 1, "describe_alarms": 2}
    assert [one.pipeline for one in backend.alerts("words").alerts] == ["words"]
    assert backend.alerts("none-such\x1b").alerts == ()
    assert not found.more
    assert cloud.calls["describe_alarms"] == 2, "those of a pipeline come without alarms"


def _raise(cloud: CountedCloud, name: str, state: str = "ALARM", reason: str = "1 datapoint") -> None:
    alarms = cloud.alarms.alarms
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=len(alarms))
    alarms.append(
        {
            "AlarmName": name,
            "AlarmDescription": f"{name} means this.\x1b[31m",
            "StateValue": state,
            "StateReason": reason,
            "StateTransitionedTimestamp": at,
            "StateUpdatedTimestamp": at + timedelta(hours=1),
        }
    )


def test_alarms_of_this_sluice_that_are_raised_come_with_what_to_do(
    backend: LiveBackend, cloud: CountedCloud
) -> None:
    """The newest first; none that is over, and none of another Sluice or of anybody else's."""
    _raise(cloud, "SluiceControl-TriggerAlarm", reason="2 messages\u202e")
    _raise(cloud, "SluicePipelines-GroupAlarm")
    for name in ("SluiceControlOther-Alarm", "SluiceTestControl-TriggerAlarm", "theirs"):
        _raise(cloud, name)
    _raise(cloud, "SluiceControl-TrackAlarm", "OK")
    alarms = backend.alerts().alarms
    assert alarms is not None
    assert [(one.name, one.reason) for one in alarms.alarms] == [
        ("SluicePipelines-GroupAlarm", "1 datapoint"),
        ("SluiceControl-TriggerAlarm", r"2 messages\u202e"),
    ]
    assert alarms.alarms[1].text == r"SluiceControl-TriggerAlarm means this.\x1b[31m"
    assert alarms.alarms[1].since == "2026-01-01T00:00:00.000+00:00", "an update of the reason is no change"
    assert (alarms.more, alarms.missing) == (False, None)


def test_no_more_alarms_are_read_than_a_page_of_each_stack(backend: LiveBackend, cloud: CountedCloud) -> None:
    """It says that there may be more."""
    for number in range(MAX_RAISED + 1):
        _raise(cloud, f"SluiceControl-Alarm{number}")
    alarms = backend.alerts().alarms
    assert alarms is not None
    assert (len(alarms.alarms), alarms.more) == (MAX_RAISED, True)


def test_who_may_not_read_alarms_sees_the_alerts(
    backend: LiveBackend, cloud: CountedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And which permission is missing; any other refusal is said as such."""
    _send(cloud, 1)
    words = "User: arn:aws:iam::1:user/ada is not authorized to perform: cloudwatch:DescribeAlarms on: *"
    errors = [refused("AccessDenied", words, 403), refused("InternalFailure", "again", 500)]

    def deny(**_: Any) -> None:
        raise errors[0]

    monkeypatch.setattr(cloud.alarms, "describe_alarms", deny)
    found = backend.alerts()
    assert found.alarms is not None
    assert (len(found.alerts), found.alarms.missing) == (1, "cloudwatch:DescribeAlarms")
    backend.cache.forget()
    del errors[0]
    with pytest.raises(ClientError, match="again"):
        backend.alerts()


def test_no_more_than_a_hundred_are_read(backend: LiveBackend, cloud: CountedCloud) -> None:
    """It says that there may be more."""
    for number in range(MAX_ALERTS + 1):
        _send(cloud, number)
    found = backend.alerts("words")
    assert (len(found.alerts), found.more) == (MAX_ALERTS, True)
