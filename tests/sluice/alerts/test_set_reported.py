"""A set of files that is late is told with what is missing, and the command that says more."""

from __future__ import annotations

from sluice.alerts.alert_message import SMS_CHARACTERS
from sluice.alerts.set_reported import set_reported
from sluice.messages import SetReport


def test_a_late_set_is_told_with_what_is_missing() -> None:
    """In the subject which set, in the text what."""
    text = "It is late since 06:00: 2 files are missing: sales/2026-01-31/07.csv and sales/2026-01-31/08.csv."
    alert = set_reported(SetReport(pipeline="sales", set="date=2026-01-31", event="late", text=text))
    assert alert.subject == "Sluice: a set of sales (date=2026-01-31)"
    assert text in alert.email
    assert "`sluice sets list --pipeline sales` says more." in alert.email


def test_what_is_long_or_hostile_is_cut_and_made_visible() -> None:
    """The message of a phone has its limit; control characters come through to nobody."""
    text = "late \x1b]52;c;AAAA\x07" + "x" * 300_000
    alert = set_reported(SetReport(pipeline="sales", set="date=2026-01-31", event="late", text=text))
    assert len(alert.sms) <= SMS_CHARACTERS
    assert len(alert.email) < 200_000
    assert "\x1b" not in alert.email + alert.sms + alert.subject
